import type { Client } from '../client/client.ts';
import type { FeedEvent } from '../client/feed-event.ts';
import type { Entry } from '../domain/entry.ts';
import { Asker } from './asker.ts';
import { jsonLine } from './clean.ts';
import type { Io } from './io.ts';
import { readKey } from './keys.ts';
import { type Fate, PromptFate } from './prompt-fate.ts';
import type { Look } from './render/look.ts';
import { isRuled } from './render/policy.ts';
import { View } from './view.ts';

export interface Following {
  client: Client;
  session: string;
  after: number;
  io: Io;
  look: Look;
  /** Ends with the run that takes this prompt; absent: only by Ctrl-C. */
  prompt?: string;
  /** Lines before the first entry. */
  notes?: readonly string[];
  json?: boolean;
  partials?: boolean;
}

type Snapshot = Extract<FeedEvent, { type: 'snapshot' }>;

export interface Followed {
  fate: Fate | 'detached';
  lastSeq: number;
}

/** Shows a session as it happens, with its questions asked at the terminal and Ctrl-C answered. */
export async function followSession(following: Following): Promise<Followed> {
  const { client, io } = following;
  const view = new View(following.look, io.out, io.outIsTty ? undefined : io.err);
  const leave = new AbortController();
  const interrupt = new Interrupt(following, view, leave);
  const asker = new Asker({
    client,
    session: following.session,
    view,
    io,
    onInterrupt: () => interrupt.pressed(),
  });
  const interactive = io.inIsTty && io.outIsTty && following.json !== true;
  const fate = following.prompt === undefined ? null : new PromptFate(following.prompt);
  if (following.prompt !== undefined) view.hide(following.prompt);
  for (const note of following.notes ?? []) view.note(note);
  const off = io.onInterrupt(() => void interrupt.pressed());
  let lastSeq = following.after;
  let snapshot: Snapshot | null = null;
  const options = { after: following.after, signal: leave.signal };
  try {
    for await (const event of client.watch(following.session, options)) {
      if (following.json === true) showJson(following, event);
      else view.show(event);
      if (event.type === 'snapshot') snapshot = event;
      if (event.type === 'snapshot' && interactive) {
        // Those after what was shown come as entries, in their place.
        for (const one of event.openApprovals.filter(({ seq }) => seq <= lastSeq)) {
          if (!asker.knows(one.id)) view.show({ type: 'entry', entry: one });
          asker.see(one);
        }
      }
      if (event.type !== 'entry') continue;
      lastSeq = event.entry.seq;
      if (interactive) asker.see(event.entry);
      else if (following.json !== true && isOpen(event.entry, snapshot))
        hint(following, event.entry);
      const decided = fate?.see(event.entry) ?? null;
      if (decided !== null) return { fate: decided, lastSeq };
    }
    return { fate: 'detached', lastSeq };
  } finally {
    off();
    interrupt.close();
    asker.close();
    view.endLine();
  }
}

function showJson({ io, partials }: Following, event: FeedEvent): void {
  if (event.type === 'entry') io.out(`${jsonLine(event.entry)}\n`);
  if (event.type !== 'partial' || partials !== true) return;
  const { type: _type, whole: _whole, ...partial } = event;
  io.out(`${jsonLine({ partial })}\n`);
}

/** Of the entries up to the snapshot, it knows which are questions that wait. */
function isOpen({ id, seq }: Entry, snapshot: Snapshot | null): boolean {
  if (snapshot === null || seq > snapshot.lastSeq) return true;
  return snapshot.openApprovals.some((one) => one.id === id);
}

/** Without a terminal to ask at, says how an open question is answered. */
function hint({ io, session }: Following, entry: Entry): void {
  const command = `turnkeep approve ${session} ${entry.id}`;
  if (entry.kind === 'approval' && !isRuled(entry.data)) {
    io.err(`Waiting for an approval: \`${command}\` or \`turnkeep deny …\`.\n`);
  }
  if (entry.kind === 'question') io.err(`Waiting for an answer: \`${command} --answer TEXT\`.\n`);
}

/** Ctrl-C: asks once what is meant; a second one lets go. Without a terminal it aborts the run. */
class Interrupt {
  readonly #following: Following;
  readonly #view: View;
  readonly #leave: AbortController;
  #asking: AbortController | null = null;

  constructor(following: Following, view: View, leave: AbortController) {
    this.#following = following;
    this.#view = view;
    this.#leave = leave;
  }

  /** Resolves when it is decided what was meant. */
  async pressed(): Promise<void> {
    const { io, prompt } = this.#following;
    if (this.#asking !== null || prompt === undefined) return this.#leave.abort();
    if (io.inIsTty) return this.#ask();
    this.#asking = new AbortController();
    await this.#abort();
  }

  close(): void {
    this.#asking?.abort();
  }

  async #ask(): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    this.#view.note('a abort the run · d leave it working · any other key goes on');
    const key = await readKey(this.#following.io, asking.signal).catch(() => '');
    this.#asking = null;
    if (key === 'a') await this.#abort();
    if (key === 'd' || key === '\u0003') this.#leave.abort();
  }

  async #abort(): Promise<void> {
    try {
      await this.#following.client.sessions.abort({ session: this.#following.session });
    } catch (error) {
      this.#view.note(
        `The abort failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
