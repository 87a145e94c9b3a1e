import type { AgentCommand } from '../domain/agent-event.ts';
import type { NewEntry } from '../domain/entry.ts';
import type { SentMark } from '../ports/raw.ts';
import type { RawPlace, SpanChange } from '../ports/store.ts';
import type { HostGrip } from './host-grip.ts';

/** Why bytes are sent: the run that they belong to, and the entry that they carry to the agent. */
export type Cause = Pick<SentMark, 'run' | 'entry'>;

/** How far a host's files are told of at this moment. After a restart the log is ahead of what is folded. */
export function placeOf(grip: HostGrip): RawPlace {
  const output = Math.max(grip.position, grip.suppressBelow);
  return { host: grip.id, output, sent: grip.inputEnd };
}

/**
 * Which part of which host's files becomes a run's by the entries of one decision: from where it was when the
 * run began, or from the first byte of a host that was launched for it, to where it is when the run, or the
 * host under it, has ended. A turn that the agent begins by itself has the `line` that begins it.
 *
 * It is stored, although much of it could be found out from ids and times: an abort ends a run at no line.
 */
export function spansOf(
  entries: readonly NewEntry[],
  at: { before: RawPlace | null; after: RawPlace | null; line: number | null },
): readonly SpanChange[] {
  const spans: SpanChange[] = [];
  let { before, after } = at;
  for (const { kind, data, runId: run } of entries) {
    if (kind === 'host' && data.state === 'launched') {
      if (run !== undefined) {
        spans.push({ run, change: 'begin', host: data.host, output: 0, sent: 0 });
      }
    } else if (run === undefined) {
      continue;
    } else if (kind === 'run_started' && before !== null) {
      const output = data.trigger === 'agent' ? (at.line ?? before.output) : before.output;
      spans.push({ run, change: 'begin', ...before, output });
    } else if (kind === 'run_ended' && after !== null) {
      spans.push({ run, change: 'end', ...after });
    } else if (kind === 'host' && data.state === 'ended') {
      if (after !== null) spans.push({ run, change: 'end', ...after });
      before = after = null;
    }
  }
  return spans;
}

/** The causes of a decision's commands, in their order. `run` is the run that was open before it. */
export function causesOf(
  commands: readonly AgentCommand[],
  entries: readonly NewEntry[],
  run: string | null,
): readonly Cause[] {
  // Each answer is told as it is written.
  const settled = entries.filter(({ kind }) => kind === 'decision' || kind === 'answer');
  let answers = 0;
  return commands.map((command) => {
    if (command.type === 'prompt') return { run: command.run, entry: command.prompt };
    const answer = command.type === 'answer_approval' || command.type === 'answer_question';
    const entry = answer ? settled[answers++] : entries.at(-1);
    return { run, entry: entry?.id ?? null };
  });
}
