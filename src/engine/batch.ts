import type { AgentCommand } from '../domain/agent-event.ts';
import type { ContentBlock } from '../domain/content.ts';
import { decideAgent } from '../domain/decide/agent.ts';
import type { Answer, Command } from '../domain/command.ts';
import { decideCommand } from '../domain/decide/command.ts';
import { decideHostEnd } from '../domain/decide/host.ts';
import { decideHeard } from '../domain/decide/stall.ts';
import { watchBudget } from '../domain/decide/watch-budget.ts';
import { type DecideContext, Draft, type Effect } from '../domain/draft.ts';
import { type By, digestText, type NewEntry } from '../domain/entry.ts';
import { isEvent } from '../domain/event.ts';
import { smallBlocks } from '../domain/externalise.ts';
import type { AgentInput } from '../domain/partials.ts';
import type { Ruling } from '../domain/policy.ts';
import { secretNames } from '../domain/settings.ts';
import { type SessionState, settingsInForce, stateVersion } from '../domain/session-state.ts';
import type { AgentDriver, AgentProfile, OpenSpec } from '../ports/agent.ts';
import { lineId } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import type { CommitHook } from '../ports/hooks.ts';
import type { AppendBatch, HostChange, HostInput, SpanChange } from '../ports/store.ts';
import { blobCollector, type DecodedLine, type RawLine } from './decode.ts';
import { columnsOf } from './columns.ts';
import { HostGrip } from './host-grip.ts';
import type { PromptContent } from './prompt-contents.ts';
import { bytesOfLines, type Sent, sentAgain } from './resend.ts';
import { type Cause, causesOf, placeOf, spansOf } from './run-spans.ts';
import { type HeldBlob, seenBy } from './withhold.ts';

/** What comes with a command and is not in its entries. */
export interface Brought {
  /** The content that it brings, as the agent gets it. */
  whole?: readonly ContentBlock[] | undefined;
  /** Values of variables by name; null takes one away. */
  secrets?: { readonly [name: string]: string | null } | undefined;
  /** What of its content is too large for entries. */
  blobs?: readonly HeldBlob[] | undefined;
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
  price: DecideContext['price'];
  accounts: DecideContext['accounts'];
  arriving: DecideContext['arriving'];
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
  readonly blobs: HeldBlob[] = [];
  readonly #context: BatchContext;
  #inputs: Sent[] = [];
  #spans: SpanChange[] = [];
  /** Where the line begins that is being folded. */
  #line: number | null = null;
  readonly #hosts: HostChange[] = [];
  readonly #secrets: { [name: string]: string | null } = {};
  readonly #first: SessionState;
  /** A hook sees what comes of it: the host's files are not kept, nor what its decoder has in mind. */
  #withholds = false;
  /** Ids of entries of a log from elsewhere. */
  readonly imported = new Set<string>();
  /** A restoration that begins here, and is not only told of. */
  #restore: string | null = null;
  /** A session that has moved is this copy from now on. */
  #arrived = false;
  /** Rules that decisions make for their directories. */
  readonly #rules: NonNullable<AppendBatch['rules']>[number][] = [];
  #advanced = false;
  /** What the policy says to what is asked in the line that is being folded. */
  #rulings: Rulings = noRulings;

  constructor(state: SessionState, grip: HostGrip | null, context: BatchContext) {
    this.state = state;
    this.#first = state;
    this.grip = grip;
    this.#context = context;
  }

  /** Decides a client's command; throws its refusal and then nothing of it counts. */
  command(command: Command, by: By, brought: Brought = {}): Answer {
    const draft = this.#draft(by, () => this.#context.clock.newId());
    const { whole, secrets, blobs = [] } = brought;
    if (command.type === 'queue_edit') this.#edit(command, whole ?? command.content);
    const answer = decideCommand(draft, command);
    this.#keepSecrets(draft.state, secrets);
    this.blobs.push(...blobs);
    if (command.type === 'decide') this.#remember(command, by);
    if (command.type === 'arrive') this.#arrived = true;
    if (command.type === 'begin_restore') this.#restore = command.id;
    if (command.type === 'import' || command.type === 'settle_import') {
      for (const { id } of draft.entries) this.imported.add(id);
    }
    this.#take(draft);
    return answer;
  }

  #remember({ remember }: Extract<Command, { type: 'decide' }>, by: By): void {
    if (remember?.level !== 'directory') return;
    const name = by.type === 'client' ? by.token : by.type;
    this.#rules.push({ directory: this.state.cwd, rules: remember.rules, by: name });
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
    const before = this.state;
    this.#agent(inputs, lineId(line.host, line.from));
    this.#watchBudget(before, `${lineId(line.host, line.from)}b`);
    this.#line = null;
  }

  /** After all that the line says: a run that ends with what it has used is not broken off. */
  #watchBudget({ reports, run }: SessionState, base: string): void {
    if (this.state.reports === reports && this.state.run?.id === run?.id) return;
    const draft = this.#draft({ type: 'server' }, derivedIds(base));
    watchBudget(draft);
    this.#take(draft);
  }

  /** Whatever it is that the agent says: it is not silent any more. */
  #heard(grip: HostGrip, line: RawLine): void {
    if (this.state.run?.stalled !== true || line.to <= grip.suppressBelow) return;
    const draft = this.#draft({ type: 'server' }, derivedIds(`${lineId(line.host, line.from)}h`));
    decideHeard(draft);
    this.#take(draft);
  }

  /**
   * The host has ended and its spool is drained. `afresh` after a refusal: texts that were open become entries
   * of new ids, because an agent may have used theirs before.
   */
  hostEnd(afresh: boolean): void {
    const { grip } = this;
    if (grip === null || grip.end === null) return;
    const place = lineId(grip.id, grip.position);
    const open = grip
      .close()
      .map((input, at) => (afresh ? renamed(input, `${place}r${at}`) : input));
    this.#agent(open, `${place}z`);
    const ids = derivedIds(`${place}e`);
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
      price: this.#context.price,
      accounts: this.#context.accounts,
      arriving: this.#context.arriving,
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
    const { driver, decoder } = grip;
    const lines = (): readonly string[] => driver.encode(decoder, this.#whole(command));
    this.#input(lines(), cause, command.type === 'prompt' ? lines : undefined);
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

  #input(lines: readonly string[], cause: Cause, again?: Sent['lines']): void {
    const { grip } = this;
    if (grip === null || lines.length === 0) return;
    const bytes = bytesOfLines(lines);
    const { host, output, sent } = placeOf(grip);
    const at = new Date(this.#context.clock.now()).toISOString();
    const seq = this.state.lastSeq;
    const more = again === undefined ? {} : { lines: again };
    this.#inputs.push({ grip, host, offset: sent, at, seq, output, ...cause, bytes, ...more });
    grip.inputEnd += bytes.length;
  }

  /** Has the hook see it all: what it takes out is neither stored nor shown, nor told as a prompt. */
  async withhold(hook: CommitHook): Promise<void> {
    const { clock } = this.#context;
    const sha256 = (content: string | Uint8Array): string => clock.sha256(content);
    const { entries, blobs } = this;
    const [first, asked] = [this.#first, this.imported];
    const contentOf = (prompt: string): PromptContent | null => this.#contentOf(prompt);
    const seen = await seenBy(hook, { first, entries, blobs, asked, contentOf, sha256 });
    this.#withholds = true;
    this.entries.splice(0, this.entries.length, ...seen.entries);
    this.blobs.splice(0, this.blobs.length, ...seen.blobs);
    this.state = seen.state;
    for (const [prompt, content] of seen.contents) this.edited.set(prompt, content);
    for (const [host, state] of seen.launched) this.#openWith(host, state);
    const sent = sentAgain(this.#inputs, this.#spans);
    this.#inputs = sent.inputs;
    this.#spans = sent.spans;
  }

  /** A host that is launched here is opened with what is left of the settings. */
  #openWith(host: string, state: SessionState): void {
    const { driver } = this.#context;
    const spec = openSpec(state, host, driver.profile);
    const at = this.#hosts.findIndex((change) => change.host === host);
    const before = this.#inputs.find((input) => input.host === host)?.grip ?? this.grip;
    if (at < 0 || before === null || JSON.stringify(spec) === JSON.stringify(before.spec)) return;
    const grip = HostGrip.fresh(spec, driver);
    this.#hosts[at] = grip.intent();
    if (this.grip === before) this.grip = grip;
    this.#inputs = this.#inputs.map((input) =>
      input.grip === before ? { ...input, grip, lines: () => driver.open(spec) } : input,
    );
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

  /** Ids of entries of which hooks are notified; what was imported has happened elsewhere. */
  events(created: boolean): readonly string[] {
    return this.entries.flatMap(({ entry }, at) =>
      !this.imported.has(entry.id) && isEvent(entry, created && at === 0) ? [entry.id] : [],
    );
  }

  /** The store's batch, and what to tell the grip when it is committed. */
  toAppend(epoch: number, create: boolean): { batch: AppendBatch; change: HostChange | null } {
    const folded = this.#advanced && this.grip !== null ? this.grip.change() : null;
    const change = folded !== null && this.#withholds ? withoutSnapshot(folded) : folded;
    const batch: AppendBatch = {
      session: this.state.id,
      epoch,
      // There is one writer. Were there another, one of the two must not succeed.
      expect: { seq: this.#first.lastSeq },
      ...(create ? { create: { key: this.state.key } } : {}),
      // From then on a writer of an earlier epoch is refused by the store, whoever it is.
      ...(this.state.writer.epoch > epoch ? { raiseEpoch: this.state.writer.epoch } : {}),
      entries: this.entries,
      state: {
        version: stateVersion,
        json: JSON.stringify(this.state),
        columns: columnsOf(this.state, this.#context.arriving !== null && !this.#arrived),
      },
      hosts: [...this.#hosts, ...(change === null ? [] : [change])].map((host) =>
        this.#withholds ? { ...host, withheld: true } : host,
      ),
      inputs: this.#inputs.map(withoutGrip),
      spans: this.#spans,
      secrets: this.#secrets,
      rules: this.#rules,
      ...(this.#restore === null ? {} : { restoration: this.#restore }),
      ...(this.#arrived ? { arrived: true } : {}),
    };
    return { batch, change };
  }
}

function withoutGrip(sent: Sent): HostInput {
  const { grip: _, lines: _lines, ...input } = sent;
  return input;
}

/** What a decoder has in mind is of what the agent has said: its spool is decoded from the start again. */
function withoutSnapshot({ host, ingested }: HostChange): HostChange {
  return { host, ...(ingested === undefined ? {} : { ingested }) };
}

function renamed(input: AgentInput, item: string): AgentInput {
  return input.type === 'said' ? { ...input, item } : input;
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
