import { textOf } from './place.ts';
import type { Entry, Fields, Told } from './wire.ts';

const nodeKinds = new Set(['delivery', 'message', 'thought', 'reset', 'compaction', 'fork']);
/** What becomes of a prompt in the end, as the queue tells it. */
const queueFates = new Set(['withdrawn', 'indeterminate']);

/** What must not be in a log whose session rests; `waiting` are prompts that are still queued. */
export function faultsOf(log: readonly Entry[], waiting: readonly string[] = []): string[] {
  return [
    ...placeFaults(log),
    ...treeFaults(log),
    ...runFaults(log),
    ...promptFaults(log, new Set(waiting)),
    ...approvalFaults(log),
  ];
}

function* placeFaults(log: readonly Entry[]): Generator<string> {
  const ids = new Set<string>();
  for (const [at, { seq, id }] of log.entries()) {
    if (seq !== at + 1) yield `seq ${seq} is in place ${at + 1}`;
    if (ids.has(id)) yield `id ${id} is there twice`;
    ids.add(id);
  }
}

function* treeFaults(log: readonly Entry[]): Generator<string> {
  const nodes = new Set<string>();
  let head: string | null = null;
  for (const { seq, id, kind, about, parentId, by } of log) {
    const node = nodeKinds.has(kind) || (kind === 'tool_call' && about === undefined);
    if (kind !== 'external' && node !== (parentId !== undefined)) yield `parent of seq ${seq}`;
    if (parentId === undefined) continue;
    // A producer names the parent; all else goes on from the head.
    const right =
      kind === 'external' ? parentId === null || nodes.has(parentId) : parentId === head;
    if (!right) yield `seq ${seq}, ${kind} by ${by.type}, has the parent ${parentId}, not ${head}`;
    nodes.add(id);
    head = id;
  }
}

function* runFaults(log: readonly Entry[]): Generator<string> {
  const ended = new Set<string>();
  let open: string | null = null;
  for (const { seq, kind, runId } of log) {
    if (runId === undefined) continue;
    if (ended.has(runId)) yield `seq ${seq}, ${kind}, comes after the end of its run`;
    if (kind === 'run_started') {
      if (open !== null) yield `run ${runId} began while ${open} was open`;
      open = runId;
    }
    if (kind !== 'run_ended') continue;
    if (open !== runId) yield `run ${runId} ended and was not open`;
    ended.add(runId);
    open = null;
  }
  if (open !== null) yield `run ${open} has no end`;
}

function* promptFaults(log: readonly Entry[], waiting: ReadonlySet<string>): Generator<string> {
  const fates = new Map<string, string[]>();
  for (const { kind, id, about, data } of log) {
    if (kind === 'prompt') fates.set(id, []);
    const change = String(data['change']);
    if (kind === 'delivery') fates.get(about!)?.push('delivered');
    if (kind === 'queue' && queueFates.has(change) && about !== undefined) {
      fates.get(about)?.push(change);
    }
  }
  for (const [prompt, found] of fates) {
    const expected = waiting.has(prompt) ? 0 : 1;
    if (found.length !== expected) yield `prompt ${prompt}: ${found.join(', ') || 'no fate'}`;
  }
}

function* approvalFaults(log: readonly Entry[]): Generator<string> {
  for (const asked of log.filter(({ kind }) => kind === 'approval' || kind === 'question')) {
    const decided = log.filter(({ kind, about }) => {
      return about === asked.id && (kind === 'decision' || kind === 'answer');
    });
    if (decided.length !== 1) yield `${asked.kind} ${asked.id} was decided ${decided.length} times`;
  }
}

/** What two readers of the same session got differently. */
export function differences(
  left: readonly Entry[],
  right: readonly Entry[],
): { left: string | undefined; right: string | undefined }[] {
  const text = (entry: Entry | undefined) =>
    entry && `${entry.seq} ${entry.kind} ${entry.id} ${entry.digest}`;
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => ({
    left: text(left[at]),
    right: text(right[at]),
  })).filter((pair) => pair.left !== pair.right);
}

/** What callers were told and the log does not bear out. */
export function toldFaults(log: readonly Entry[], told: readonly Told[]): string[] {
  const byId = new Map(log.map((entry) => [entry.id, entry]));
  return [...told.flatMap((one) => [...faultsOfOne(one, log, byId)]), ...countFaults(log, told)];
}

type Index = ReadonlyMap<string, Entry>;

function* faultsOfOne(one: Told, log: readonly Entry[], byId: Index): Generator<string> {
  const { name, input } = one;
  if ('refused' in one) {
    yield* refusedFaults(one, byId);
    return;
  }
  switch (name) {
    case 'sessions.send':
    case 'sessions.steer':
      yield* sentFaults(one as Told<'sessions.send'>, log, byId);
      return;
    case 'sessions.abort':
      yield* abortFaults(one as Told<'sessions.abort'>, log);
      return;
    case 'approvals.decide': {
      const { decision, outcome } = (one as Answered<'approvals.decide'>).answer;
      const entry = byId.get(decision.id);
      const same = entry?.seq === decision.seq && entry.data['outcome'] === outcome;
      if (!same || entry.about !== input['approval']) yield `decision ${decision.id} is not so`;
      return;
    }
    case 'sessions.append':
      for (const { id, seq } of (one as Answered<'sessions.append'>).answer.entries) {
        if (byId.get(id)?.seq !== seq) yield `appended ${id} is not seq ${seq}`;
      }
      return;
    default:
  }
}

type Answered<Name extends Told['name']> = Extract<Told<Name>, { answer: unknown }>;

function* sentFaults(
  one: Told<'sessions.send'>,
  log: readonly Entry[],
  byId: Index,
): Generator<string> {
  const { answer, input } = one as Answered<'sessions.send'>;
  const { id, seq } = answer.entry;
  const entry = byId.get(id);
  if (entry?.kind !== 'prompt' || entry.seq !== seq) {
    yield `prompt ${id} was told as seq ${seq} and is ${entry?.kind} ${entry?.seq}`;
    return;
  }
  if (textOf(entry) !== input['content']) yield `prompt ${id} says something else`;
  if (answer.state === 'starting' && !startedBy(log, answer.run, id)) {
    yield `prompt ${id} was told to start run ${answer.run}`;
  }
  const { interrupted } = answer;
  if (interrupted === undefined) return;
  const aborted = log.some(({ kind, runId }) => kind === 'abort' && runId === interrupted);
  if (!aborted) yield `prompt ${id} was told to interrupt run ${interrupted}`;
}

function startedBy(log: readonly Entry[], run: string | undefined, prompt: string): boolean {
  const start = log.find(({ kind, runId }) => kind === 'run_started' && runId === run);
  return (start?.data['prompts'] as string[] | undefined)?.includes(prompt) === true;
}

function* abortFaults(one: Told<'sessions.abort'>, log: readonly Entry[]): Generator<string> {
  const { run, status, outcome } = (one as Answered<'sessions.abort'>).answer;
  if (status === 'no-active-run') return;
  const of = log.filter(({ runId }) => runId === run);
  if (!of.some(({ kind }) => kind === 'abort')) yield `run ${run} was told to be ${status}`;
  const end = of.find(({ kind }) => kind === 'run_ended')?.data['outcome'];
  if (status === 'aborted' && end !== outcome) yield `run ${run} was told ${outcome}, is not`;
}

function* refusedFaults(one: Extract<Told, { refused: unknown }>, byId: Index): Generator<string> {
  const { name, input, refused } = one;
  const id = input['id'];
  if (refused.code === 'internal') yield `${name}: ${refused.message}`;
  if (['sessions.send', 'sessions.steer'].includes(name) && typeof id === 'string') {
    if (refused.code !== 'id_reused' && byId.has(id)) yield `prompt ${id} was refused and is there`;
  }
  if (name !== 'approvals.decide' || refused.code !== 'already_decided') return;
  const decision = refused.data?.['decision'];
  if (decision === undefined) return;
  const entry = byId.get(decision as string);
  if (entry?.about !== input['approval']) yield `told of a decision that is not in the log`;
}

/** Changes of which each leaves its mark: as many marks as callers were told of. */
function* countFaults(log: readonly Entry[], told: readonly Told[]): Generator<string> {
  const marks: readonly [Told['name'], (input: Fields) => (entry: Entry) => boolean][] = [
    [
      'sessions.patch',
      (input) =>
        ({ data }) =>
          data.changes?.['title'] === input['title'],
    ],
    [
      'queue.edit',
      (input) => (entry) => entry.kind === 'queue' && textOf(entry) === input['content'],
    ],
    ['queue.withdraw', (input) => (entry) => withdrawnAsAsked(entry, input)],
    [
      'sessions.reset',
      () =>
        ({ kind }) =>
          kind === 'reset',
    ],
    [
      'sessions.compact',
      () =>
        ({ kind }) =>
          kind === 'compaction',
    ],
  ];
  for (const [name, mark] of marks) {
    const asked = told.filter((one) => one.name === name);
    for (const [key, group] of groups(name, asked)) {
      const done = group.filter((one) => 'answer' in one && changed(one)).length;
      const found = log.filter(mark(group[0]!.input)).length;
      if (done !== found) yield `${name} ${key}: told ${done} times, is there ${found} times`;
    }
  }
}

function groups(name: string, asked: readonly Told[]): Map<string, Told[]> {
  const key = ({ input }: Told) =>
    (input['title'] ?? input['content'] ?? input['prompt'] ?? name) as string;
  return Map.groupBy(asked, key);
}

function changed(one: Told): boolean {
  if (one.name !== 'sessions.compact') return true;
  return (one as Answered<'sessions.compact'>).answer.compacted;
}

function withdrawnAsAsked({ kind, about, data }: Entry, input: Fields): boolean {
  return (
    kind === 'queue' &&
    about === input['prompt'] &&
    data['change'] === 'withdrawn' &&
    data['reason'] === 'asked'
  );
}
