import type { AgentCommand } from '../domain/agent-event.ts';
import type { ContentBlock } from '../domain/content.ts';
import type { BlobRef } from '../domain/content.ts';
import { decideAgent } from '../domain/decide/agent.ts';
import type { Answer, Command } from '../domain/command.ts';
import { decideCommand } from '../domain/decide/command.ts';
import { decideHostEnd } from '../domain/decide/host.ts';
import { decideHeard } from '../domain/decide/stall.ts';
import { type DecideContext, Draft, type Effect } from '../domain/draft.ts';
import { type By, digestText, type NewEntry } from '../domain/entry.ts';
import { smallBlocks } from '../domain/externalise.ts';
import type { AgentInput } from '../domain/partials.ts';
import type { Ruling } from '../domain/policy.ts';
import { secretNames } from '../domain/settings.ts';
import { type SessionState, settingsInForce, stateVersion } from '../domain/session-state.ts';
import type { AgentDriver, AgentProfile, OpenSpec } from '../ports/agent.ts';
import { lineId } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import type { AppendBatch, HostChange, HostInput, SpanChange } from '../ports/store.ts';
import { blobCollector, type DecodedLine, type RawLine } from './decode.ts';
import { columnsOf } from './columns.ts';
import { HostGrip } from './host-grip.ts';
import type { PromptContent } from './prompt-contents.ts';
import { type Cause, causesOf, placeOf, spansOf } from './run-spans.ts';

/** What comes with a command and is not in its entries. */
export interface Brought {
  /** The content that it brings, as the agent gets it. */
  whole?: readonly ContentBlock[] | undefined;
  /** Values of variables by name; null takes one away. */
  secrets?: { readonly [name: string]: string | null } | undefined;
}

/** What the policy says to approvals, by their ids. */
export type Rulings = ReadonlyMap<string, Ruling>;
const noRulings: Rulings = new Map();

/** What a batch needs to know of its surroundings. */
export interface BatchContext {
  clock: Clock;
  driver: AgentDriver;
  /** Content of a prompt: as it stands in the entry, and whole, as the agent gets it. */
  contentOf(prompt: string): PromptContent | null;
  /** What the agent is to be told before its next prompt. */
  primer(): PromptContent | null;
}

/**
 * One fold of waiting inputs over an actor's state: decide, evolve, decide, and so on. Nothing of it
 * counts before the store has committed it.
 */
export class Batch {
  state: SessionState;
  grip: HostGrip | null;
  readonly entries: { entry: NewEntry; digest: string }[] = [];
  readonly effects: Effect[] = [];
  /** Contents that prompts of the queue got by this batch. */
  readonly edited = new Map<string, PromptContent>();
  readonly blobs: { ref: BlobRef; bytes: Uint8Array }[] = [];
  readonly #context: BatchContext;
  readonly #inputs: (HostInput & { grip: HostGrip })[] = [];
  readonly #spans: SpanChange[] = [];
  /** Where the line begins that is being folded. */
  #line: number | null = null;
  readonly #hosts: HostChange[] = [];
  readonly #secrets: { [name: string]: string | null } = {};
  readonly #startSeq: number;
  #advanced = false;
  /** What the policy says to what is asked in the line that is being folded. */
  #rulings: Rulings = noRulings;

  constructor(state: SessionState, grip: HostGrip | null, context: BatchContext) {
    this.state = state;
    this.#startSeq = state.lastSeq;
    this.grip = grip;
    this.#context = context;
  }

  /** Decides a client's command; throws its refusal and then nothing of it counts. */
  command(command: Command, by: By, brought: Brought = {}): Answer {
    const draft = this.#draft(by, () => this.#context.clock.newId());
    const { whole, secrets } = brought;
    if (command.type === 'queue_edit') this.#edit(command, whole ?? command.content);
    const answer = decideCommand(draft, command);
    this.#keepSecrets(draft.state, secrets);
    this.#take(draft);
    return answer;
  }

  /** A value is kept as long as a setting names it. */
  #keepSecrets(after: SessionState, brought: Brought['secrets'] = {}): void {
    const named = secretNames(after);
    for (const name of secretNames(this.state)) {
      if (!named.has(name)) this.#secrets[name] = null;
    }
    for (const [name, value] of Object.entries(brought)) {
      if (named.has(name)) this.#secrets[name] = value;
    }
  }

  /** What is decided after it in this batch has to see it already. */
  #edit(
    { prompt, content }: Extract<Command, { type: 'queue_edit' }>,
    whole: readonly ContentBlock[],
  ): void {
    if (this.state.queue.some((item) => item.id === prompt)) {
      this.edited.set(prompt, { stored: content, whole });
    }
  }

  /** Folds a decoded line of the spool. Ids of what follows from it are derived from its place. */
  line(line: RawLine, decoded: DecodedLine, rulings: Rulings = noRulings): void {
    const { grip } = this;
    if (grip === null) return;
    this.#advanced = true;
    this.#rulings = rulings;
    const inputs = grip.fold(line, decoded.state, decoded.events);
    this.#heard(grip, line);
    if (inputs.length > 0) this.blobs.push(...decoded.blobs);
    this.#line = line.from;
    this.#agent(inputs, lineId(line.host, line.from));
    this.#line = null;
  }

  /** Whatever it is that the agent says: it is not silent any more. */
  #heard(grip: HostGrip, line: RawLine): void {
    if (this.state.run?.stalled !== true || line.to <= grip.suppressBelow) return;
    const draft = this.#draft({ type: 'server' }, derivedIds(`${lineId(line.host, line.from)}h`));
    decideHeard(draft);
    this.#take(draft);
  }

  /** The host has ended and its spool is drained. */
  hostEnd(): void {
    const { grip } = this;
    if (grip === null || grip.end === null) return;
    this.#agent(grip.close(), `${lineId(grip.id, grip.position)}z`);
    const ids = derivedIds(`${lineId(grip.id, grip.position)}e`);
    const draft = this.#draft({ type: 'server' }, ids);
    this.#hosts.push(grip.change('ended'));
    this.grip = null;
    decideHostEnd(draft, grip.id, grip.end);
    this.#take(draft, grip);
  }

  #agent(inputs: readonly AgentInput[], base: string): void {
    inputs.forEach((input, index) => {
      if (input.type === 'send') {
        return this.#input([input.line], { run: this.state.run?.id ?? null, entry: null });
      }
      const draft = this.#draft(
        { type: 'agent', host: this.grip!.id },
        derivedIds(`${base}-${index}d`),
      );
      decideAgent(draft, this.grip!.id, this.#small(input));
      this.#take(draft);
    });
  }

  /** Texts that were put together from deltas may be too large for an entry. */
  #small(input: AgentInput): AgentInput {
    if (input.type !== 'said') return input;
    const put = blobCollector(this.blobs, (bytes) => this.#context.clock.sha256(bytes));
    return { ...input, content: smallBlocks(input.content, put) };
  }

  #draft(by: By, nextId: () => string): Draft {
    const { clock, driver } = this.#context;
    const now = clock.now();
    const context: DecideContext = {
      at: new Date(now).toISOString(),
      now,
      newId: () => clock.newId(),
      agent: driver.profile,
      contentOf: (prompt) => this.#contentOf(prompt)?.stored ?? null,
      primer: () => this.#context.primer()?.stored[0] ?? null,
      rulingOf: (approval) => this.#rulings.get(approval) ?? null,
    };
    return new Draft(this.state, context, by, nextId);
  }

  /** `grip` is that of the host under which it was decided. */
  #take(draft: Draft, grip = this.grip): void {
    const { entries, commands } = draft;
    const causes = causesOf(commands, entries, this.state.run?.id ?? null);
    const before = grip && placeOf(grip);
    this.state = draft.state;
    for (const entry of entries) {
      this.entries.push({ entry, digest: this.#context.clock.sha256(digestText(entry)) });
    }
    for (const [at, command] of commands.entries()) this.#tell(command, causes[at]!);
    const after = grip && placeOf(grip);
    this.#spans.push(...spansOf(entries, { before, after, line: this.#line }));
    for (const effect of draft.effects) {
      if (effect.type === 'launch') this.#launch(effect.host, entries);
      this.effects.push(effect);
    }
  }

  #tell(command: AgentCommand, cause: Cause): void {
    const { grip } = this;
    if (grip === null) return;
    this.#input(grip.driver.encode(grip.decoder, this.#whole(command)), cause);
  }

  /** A prompt as the agent gets it: what is in blobs is put in its place. */
  #whole(command: AgentCommand): AgentCommand {
    if (command.type !== 'prompt') return command;
    const whole = this.#contentOf(command.prompt)?.whole;
    if (whole === undefined) return command;
    const primer = command.primed === true ? (this.#context.primer()?.whole ?? []) : [];
    return { ...command, content: [...primer, ...whole] };
  }

  #contentOf(prompt: string): PromptContent | null {
    return this.edited.get(prompt) ?? this.#context.contentOf(prompt);
  }

  #launch(host: string, entries: readonly NewEntry[]): void {
    const { driver } = this.#context;
    const spec = openSpec(this.state, host, driver.profile);
    this.grip = HostGrip.fresh(spec, driver);
    this.#hosts.push(this.grip.intent());
    const launched = entries.find(({ kind, data }) => kind === 'host' && data.host === host);
    const entry = launched?.id ?? null;
    this.#input(driver.open(spec), { run: this.state.run?.id ?? null, entry });
  }

  #input(lines: readonly string[], cause: Cause): void {
    const { grip } = this;
    if (grip === null || lines.length === 0) return;
    const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
    const { host, output, sent } = placeOf(grip);
    const at = new Date(this.#context.clock.now()).toISOString();
    const seq = this.state.lastSeq;
    this.#inputs.push({ grip, host, offset: sent, at, seq, output, ...cause, bytes });
    grip.inputEnd += bytes.length;
  }

  /** Nothing to store: at most text in progress has grown. */
  get empty(): boolean {
    const lagging = this.#advanced && (this.grip?.lagging ?? false);
    return (
      this.entries.length === 0 && this.#inputs.length === 0 && this.#hosts.length === 0 && !lagging
    );
  }

  /** Inputs for hosts, to be written to their files after the commit. */
  get inputs(): readonly { grip: HostGrip; offset: number; bytes: Uint8Array }[] {
    return this.#inputs;
  }

  /** The store's batch, and what to tell the grip when it is committed. */
  toAppend(epoch: number, create: boolean): { batch: AppendBatch; change: HostChange | null } {
    const change = this.#advanced && this.grip !== null ? this.grip.change() : null;
    const batch: AppendBatch = {
      session: this.state.id,
      epoch,
      // There is one writer. Were there another, one of the two must not succeed.
      expect: { seq: this.#startSeq },
      ...(create ? { create: { key: this.state.key } } : {}),
      entries: this.entries,
      state: {
        version: stateVersion,
        json: JSON.stringify(this.state),
        columns: columnsOf(this.state),
      },
      hosts: change === null ? this.#hosts : [...this.#hosts, change],
      inputs: this.#inputs.map(withoutGrip),
      spans: this.#spans,
      secrets: this.#secrets,
    };
    return { batch, change };
  }
}

function withoutGrip({ host, offset, at, seq, output, run, entry, bytes }: HostInput): HostInput {
  return { host, offset, at, seq, output, run, entry, bytes };
}

function derivedIds(base: string): () => string {
  let count = 0;
  return () => `${base}${(count++).toString(36)}`;
}

function openSpec(state: SessionState, host: string, profile: AgentProfile): OpenSpec {
  const { id: session, cwd, nativeId, forkNative, forkMark } = state;
  const native = profile.resume ? nativeId : null;
  const forkOf = native === null && profile.fork ? forkNative : null;
  return {
    session,
    host,
    cwd,
    nativeId: native,
    forkOf,
    forkAt: forkOf === null ? null : forkMark,
    ...settingsInForce(state),
  };
}
