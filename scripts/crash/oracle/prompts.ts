import type { Entry } from '../../../src/domain/entry.ts';
import type { Fault, SendTold, SentPrompt, SessionFacts } from '../facts.ts';

type Found = Omit<Fault, 'session'>;

/**
 * What was acknowledged is stored where it was said to be; every prompt has one fate, and the agent's own
 * record of what it got agrees with it.
 */
export function* judgePrompts(session: SessionFacts): Generator<Found> {
  const stored = new Map<string, Entry>(session.log.map((entry) => [entry.id, entry]));
  for (const sent of session.sent) yield* acknowledged(sent, stored.get(sent.id));
  yield* inOrder(session.sent);
  const known = new Set(session.sent.map((sent) => sent.id));
  for (const entry of session.log) {
    if (entry.kind !== 'prompt') continue;
    if (!known.has(entry.id)) yield { kind: 'changed', what: `nobody sent prompt ${entry.id}` };
    yield* fate(entry, session);
  }
  for (const { prompt } of session.agent.turns) {
    if (stored.get(prompt)?.kind === 'prompt') continue;
    yield { kind: 'lost', what: `the agent got prompt ${prompt}, which is not in the log` };
  }
  yield* answers(session);
}

function* acknowledged(sent: SentPrompt, entry: Entry | undefined): Generator<Found> {
  const seqs = new Set<number>();
  let firsts = 0;
  for (const answer of sent.answers) {
    if (answer.type === 'refused') {
      if (!answer.expected)
        yield { kind: 'daemon', what: `prompt ${sent.id} was refused: ${answer.code}` };
      continue;
    }
    seqs.add(answer.seq);
    firsts += answer.duplicate ? 0 : 1;
  }
  if (firsts > 1)
    yield { kind: 'doubled', what: `prompt ${sent.id} was taken ${firsts} times as new` };
  const refused = sent.answers.some(
    (answer) => answer.type === 'refused' && answer.code === 'unsupported',
  );
  if (seqs.size === 0) {
    if (refused && entry !== undefined) {
      yield { kind: 'changed', what: `prompt ${sent.id} was refused and is in the log` };
    }
    return;
  }
  if (entry === undefined) {
    yield { kind: 'lost', what: `prompt ${sent.id}, acknowledged as seq ${[...seqs].join()}` };
    return;
  }
  for (const seq of seqs) {
    if (seq === entry.seq) continue;
    yield {
      kind: 'changed',
      what: `prompt ${sent.id} was acknowledged as seq ${seq}, is ${entry.seq}`,
    };
  }
  if (entry.kind !== 'prompt')
    yield { kind: 'changed', what: `prompt ${sent.id} is a ${entry.kind}` };
  else if (!hasText(entry, sent.text)) {
    yield { kind: 'changed', what: `prompt ${sent.id} has another text` };
  }
}

/** A text that lies in a blob is in the entry with its beginning. */
function hasText(entry: Extract<Entry, { kind: 'prompt' }>, text: string): boolean {
  const [block] = entry.data.content;
  if (block?.type !== 'text') return false;
  return block.blob === undefined ? block.text === text : text.startsWith(block.text);
}

/** First acknowledgements of one client, which sends one after another, come in order of seq. */
function* inOrder(sent: readonly SentPrompt[]): Generator<Found> {
  const firsts = sent
    .flatMap((prompt) => prompt.answers)
    .filter(
      (answer): answer is Extract<SendTold, { type: 'acknowledged' }> =>
        answer.type === 'acknowledged',
    )
    .filter((answer) => !answer.duplicate)
    .toSorted((left, right) => left.order - right.order);
  for (const [index, answer] of firsts.entries()) {
    const before = firsts[index - 1];
    if (before === undefined || before.seq < answer.seq) continue;
    yield { kind: 'disorder', what: `seq ${answer.seq} was acknowledged after ${before.seq}` };
  }
}

/** Delivered, withdrawn or indeterminate, once; the agent got it once, never, or at most once. */
function* fate(
  prompt: Extract<Entry, { kind: 'prompt' }>,
  session: SessionFacts,
): Generator<Found> {
  const { id } = prompt;
  const fates = session.log.flatMap((entry) => {
    if (entry.about !== id) return [];
    if (entry.kind === 'delivery') return ['delivered'];
    return entry.kind === 'queue' && entry.data.change !== 'requeued' ? [entry.data.change] : [];
  });
  const got = session.agent.turns.filter((turn) => turn.prompt === id).length;
  if (got > 1) yield { kind: 'doubled', what: `the agent got prompt ${id} ${got} times` };
  const [state] = fates;
  if (state === undefined) yield { kind: 'undelivered', what: `prompt ${id} has no fate` };
  else if (fates.length > 1) {
    yield { kind: 'doubled', what: `prompt ${id} is ${fates.join(' and ')}` };
  } else if (state === 'delivered' && got === 0) {
    yield { kind: 'undelivered', what: `prompt ${id} is delivered and the agent never got it` };
  } else if (state === 'withdrawn' && got > 0) {
    yield { kind: 'changed', what: `prompt ${id} is withdrawn and the agent got it` };
  }
}

/** What the agent remembers to have said in a turn that was completed is in the log of its run. */
function* answers(session: SessionFacts): Generator<Found> {
  const completed = new Set(
    session.log
      .filter((entry) => entry.kind === 'run_ended' && entry.data.outcome === 'completed')
      .map((entry) => entry.runId),
  );
  const messages = new Map<string, string[]>();
  const runs = new Map<string, string>();
  for (const entry of session.log) {
    if (entry.runId === undefined) continue;
    if (entry.kind === 'delivery' && entry.about !== undefined) runs.set(entry.about, entry.runId);
    if (entry.kind !== 'message' && entry.kind !== 'thought') continue;
    const known = messages.get(entry.runId) ?? [];
    messages.set(entry.runId, [...known, session.texts[entry.id] ?? '']);
  }
  for (const { prompt, said } of session.agent.turns) {
    const run = runs.get(prompt);
    if (run === undefined || !completed.has(run)) continue;
    // The agent may have spoken by itself before it came to the prompt.
    const heard = (messages.get(run) ?? []).slice(-said.length || Infinity);
    if (said.length === heard.length && said.every((text, index) => text === heard[index]))
      continue;
    yield {
      kind: 'lost',
      what: `the answer to prompt ${prompt} in run ${run} is not what the agent said`,
    };
  }
}
