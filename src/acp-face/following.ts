import type * as acp from '@agentclientprotocol/sdk/unstable';
import type { Client } from '../client/client.ts';
import type { FeedEvent, PartialEvent } from '../client/feed-event.ts';
import type { Pace } from '../client/pace.ts';
import { textOf } from '../domain/content.ts';
import type { Entry, EntryOf } from '../domain/entry.ts';
import { RefusalError } from '../domain/refusal.ts';
import type { SessionRow } from '../domain/row.ts';
import { titleFrom } from '../domain/title.ts';
import { configOptions, modesOf, type Offers } from './choices.ts';
import { type Blobs, blobsOf } from './content.ts';
import { wholeHistory } from './history.ts';
import type { Patiently } from './patience.ts';
import type { Prompts } from './prompts.ts';
import { Questions } from './questions.ts';
import { requestError } from './refusals.ts';
import { Teller } from './teller.ts';
import { toolCallFields } from './tool-call.ts';

export interface FollowingPorts {
  client: Client;
  editor: acp.AgentContext;
  capabilities: acp.ClientCapabilities;
  prompts: Prompts;
  pace: Pace;
  patiently: Patiently;
  offers: Offers;
}

/** What a running tool prints is told again at most this often, each time with all that is left of it. */
const outputMs = 200;
/** Events that may wait for an editor that reads slowly. */
const ahead = 256;

/** One session as one editor follows it. Each update is written before the next event is looked at. */
export class Following {
  row: SessionRow;
  readonly #ports: FollowingPorts;
  readonly #teller: Teller;
  readonly #questions: Questions;
  readonly #blobs: Blobs;
  readonly #left = new AbortController();
  /** Seq of the last entry that was looked at. */
  #seq = 0;
  /** What was told last, so that nothing is told twice. */
  #told = { usage: '', title: '', options: '' };
  #outputs = new Map<string, PartialEvent>();
  #cancelTimer: (() => void) | null = null;
  #counting = false;

  constructor(row: SessionRow, ports: FollowingPorts) {
    this.row = row;
    this.#ports = ports;
    const { client, editor, capabilities, prompts, patiently } = ports;
    this.#blobs = blobsOf(client, row.id, patiently);
    const taste = {
      notices: (capabilities.session?.notices ?? null) !== null,
      compactions: (capabilities.session?.compaction ?? null) !== null,
    };
    this.#teller = new Teller(taste, (prompt) => prompts.isOwn(prompt));
    this.#questions = new Questions({
      client,
      session: row.id,
      patiently,
      editor,
      elicitation: capabilities.elicitation ?? {},
      toolCall: (entry) => this.#asked(entry),
      refused: (message) => this.trouble(`The decision did not hold: ${message}`),
    });
    this.#told.options = this.#optionsText();
  }

  /** The options and modes as they are now; the editor knows them from then on. */
  choices(): { configOptions: acp.SessionConfigOption[]; modes?: acp.SessionModeState } {
    this.#told.options = this.#optionsText();
    const modes = modesOf(this.#ports.offers, this.row);
    const options = configOptions(this.#ports.offers, this.row);
    return { configOptions: options, ...(modes === null ? {} : { modes }) };
  }

  /** Tells the whole history. Live it goes on by `follow`. */
  async replay(): Promise<void> {
    const { client } = this.#ports;
    this.#ports.prompts.again();
    const history = wholeHistory(client, this.row.id);
    for (;;) {
      const { value, done } = await history.next();
      if (this.#left.signal.aborted) return;
      if (done === true) {
        this.#seq = value;
        break;
      }
      await this.#tellOf(value.entry, true);
      if (value.entry.kind === 'run_ended') this.#teller.runEnded();
      if (value.inherited) continue;
      this.#questions.see(value.entry);
      await this.#ports.prompts.see(value.entry);
    }
    this.row = (await client.sessions.get({ session: this.row.id })).session;
    await this.#tellRow();
  }

  /** From the row on, without what was before; of an open run what the editor is known to know. */
  async join(): Promise<void> {
    const { client } = this.#ports;
    const { id, activeRun, lastSeq } = this.row;
    this.#seq = lastSeq;
    if (activeRun === null) return;
    const kinds = ['tool_call', 'approval'];
    for (let after: number | null = 0; after !== null;) {
      const page: { entries: Entry[]; next: number | null } = await client.sessions.history({
        session: id,
        run: activeRun.id,
        kinds,
        after,
      });
      for (const entry of page.entries) {
        if (entry.seq <= lastSeq) this.#teller.remember(entry);
      }
      after = page.next;
    }
  }

  /** Goes on until it is left, or until the daemon refuses; never rejects. */
  async follow(): Promise<void> {
    const { client } = this.#ports;
    const { signal } = this.#left;
    try {
      await this.#tellRow();
      for await (const event of client.watch(this.row.id, { after: this.#seq, signal, ahead })) {
        await this.#take(event);
        if (signal.aborted) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      const refusal = error instanceof RefusalError ? error.refusal : null;
      this.#ports.prompts.end(
        requestError(refusal ?? { code: 'internal', message: 'The session cannot be followed.' }),
      );
      this.leave();
    }
  }

  /** Something that its person should know, where the editor has a place for it. */
  async trouble(title: string): Promise<void> {
    if ((this.#ports.capabilities.session?.notices ?? null) === null) return;
    await this.#send({ sessionUpdate: 'notice', severity: 'error', title });
  }

  /** Sends nothing more. What the session does is not touched. */
  leave(): void {
    this.#left.abort();
    this.#questions.stop();
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  async #take(event: FeedEvent): Promise<void> {
    switch (event.type) {
      case 'entry':
        return this.#entry(event.entry);
      case 'partial':
        if (event.part === 'output') return this.#output(event);
        for (const update of this.#teller.partial(event)) await this.#send(update);
        return;
      case 'abandoned':
        this.#teller.abandoned(event);
        return;
      case 'state':
        this.#questions.live(event.state === 'live');
        return;
      case 'snapshot':
        for (const open of event.openApprovals) {
          if (open.seq <= this.#seq) this.#questions.see(open);
        }
        return;
    }
  }

  async #entry(entry: Entry): Promise<void> {
    this.#seq = entry.seq;
    if (entry.kind === 'tool_call') this.#outputs.delete(entry.data.call);
    await this.#tellOf(entry, false);
    this.#questions.see(entry);
    await this.#rowAfter(entry);
    if (entry.kind === 'run_ended') this.#teller.runEnded();
    await this.#ports.prompts.see(entry);
  }

  async #tellOf(entry: Entry, replay: boolean): Promise<void> {
    const { inherited } = entry as { inherited?: string };
    const { client, patiently } = this.#ports;
    const blobs = inherited === undefined ? this.#blobs : blobsOf(client, inherited, patiently);
    for (const update of await this.#teller.entry(entry, blobs, replay)) await this.#send(update);
  }

  /** What the entry changes of title, settings and usage. */
  async #rowAfter(entry: Entry): Promise<void> {
    switch (entry.kind) {
      case 'prompt': {
        const title = this.row.title ?? titleFrom(textOf(entry.data.content));
        this.row = { ...this.row, title };
        return this.#tellTitle(entry.at);
      }
      case 'settings':
        return this.#settings(entry);
      case 'usage':
        this.#count();
        return;
      case 'run_ended':
        await this.#refresh();
        return;
      default:
        return;
    }
  }

  async #settings({ at, data }: EntryOf<'settings'>): Promise<void> {
    const { title, mode, model, effort, modelInForce, context } = data.changes;
    const { mode: before } = this.row;
    this.row = {
      ...this.row,
      ...(title === undefined ? {} : { title }),
      ...(mode === undefined ? {} : { mode }),
      ...(model === undefined ? {} : { model }),
      ...(effort === undefined ? {} : { effort }),
      ...(modelInForce === undefined ? {} : { modelInForce }),
      ...(context === undefined ? {} : { context }),
    };
    if (title !== undefined) await this.#tellTitle(at);
    if (context !== undefined) await this.#tellUsage();
    if (this.#told.options === this.#optionsText()) return;
    const { configOptions: options, modes } = this.choices();
    await this.#send({ sessionUpdate: 'config_option_update', configOptions: options });
    if (modes !== undefined && this.row.mode !== before) {
      const { currentModeId } = modes;
      await this.#send({ sessionUpdate: 'current_mode_update', currentModeId });
    }
  }

  #optionsText(): string {
    return JSON.stringify(configOptions(this.#ports.offers, this.row));
  }

  async #tellRow(): Promise<void> {
    await this.#tellTitle(this.row.updatedAt);
    await this.#tellUsage();
  }

  async #tellTitle(updatedAt: string): Promise<void> {
    const { title } = this.row;
    if (title === null && this.#told.title === '') return;
    if (this.#told.title === JSON.stringify(title)) return;
    this.#told.title = JSON.stringify(title);
    await this.#send({ sessionUpdate: 'session_info_update', title, updatedAt });
  }

  /** Nothing can be told of a context window that the agent has not told. */
  async #tellUsage(): Promise<void> {
    const { context, cost, usage } = this.row;
    if (context.size === 0) return;
    const update: acp.SessionUpdate = {
      sessionUpdate: 'usage_update',
      used: context.used,
      size: context.size,
      ...(cost === null ? {} : { cost: { amount: cost.amount, currency: cost.currency } }),
      _meta: { turnkeep: { tokens: usage, estimate: cost?.estimate === true } },
    };
    const text = JSON.stringify(update);
    if (this.#told.usage === text) return;
    this.#told.usage = text;
    await this.#send(update);
  }

  /** Reports come in swarms: one look at the sums is under way at a time, and the run's end has the last. */
  #count(): void {
    if (this.#counting) return;
    this.#counting = true;
    void this.#refresh().finally(() => (this.#counting = false));
  }

  async #refresh(): Promise<void> {
    const { client } = this.#ports;
    try {
      const { session } = await client.sessions.get({ session: this.row.id });
      const { context, cost, usage } = session;
      this.row = { ...this.row, context, cost, usage };
      await this.#tellUsage();
    } catch (error) {
      // The sums come with the next report, or with the end of the run.
      if (!(error instanceof RefusalError)) throw error;
    }
  }

  async #asked(entry: EntryOf<'approval'>): Promise<acp.ToolCallUpdate> {
    const toolCallId = this.#teller.callOf(entry);
    const { title, toolCall } = entry.data;
    if (toolCall === undefined) return { toolCallId, title, kind: 'other', status: 'pending' };
    return { toolCallId, ...(await toolCallFields(toolCall, this.#blobs)) };
  }

  #output(event: PartialEvent): void {
    this.#outputs.set(event.call ?? '', event);
    this.#cancelTimer ??= this.#ports.pace.after(outputMs, () => {
      this.#cancelTimer = null;
      const outputs = [...this.#outputs.values()];
      this.#outputs.clear();
      for (const output of outputs) {
        const update = this.#teller.output(output);
        if (update !== null) void this.#send(update);
      }
    });
  }

  /** Resolves when the editor's side has taken it. */
  async #send(update: acp.SessionUpdate): Promise<void> {
    if (this.#left.signal.aborted) return;
    const { editor } = this.#ports;
    try {
      await editor.notify('session/update', { sessionId: this.row.id, update });
    } catch {
      // The connection is gone, and with it everybody who could be told.
      this.leave();
    }
  }
}
