import type { Talk } from '../app/talk.ts';

/** Members that differ from one run to the next, whatever happened in them. */
const fleeting: ReadonlySet<string> = new Set(['at', 'digest', 'durationMs']);

/** Names that somebody made up: of entries, runs, hosts and requests, of the model's messages and calls. */
const names =
  /(?:msg|toolu|call|rs|fc)_\d+|ses_\w+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b01[0-9a-hjkmnp-tv-z]{24}(?:-[0-9a-z]+)*/g;

/**
 * A session's whole log without ids and times, for comparison with that of another session: each name
 * becomes the number of its first appearance, so that what refers to what is compared too. Snapshots and lines
 * of the agent's own memory are left out: they are made beside the way of the log, so their places are no part
 * of it.
 */
export async function transcriptOf(talk: Talk): Promise<unknown[]> {
  const { entries } = await talk.whole();
  const known = new Map<string, string>();
  const told = entries.filter(({ kind }) => kind !== 'snapshot' && kind !== 'native');
  return told.map((entry, at) => {
    const text = JSON.stringify({ ...entry, seq: at + 1 }, (key, value: unknown) =>
      fleeting.has(key) ? undefined : value,
    );
    const placed = text.replaceAll(talk.cwd, 'CWD').replaceAll(talk.cwd.slice(1), 'CWD');
    const named = placed.replaceAll(names, (name) => {
      const number = known.get(name) ?? `#${known.size + 1}`;
      known.set(name, number);
      return number;
    });
    return JSON.parse(named.replaceAll(/!hold \w+/g, '!hold')) as unknown;
  });
}

/**
 * The same, of an agent that does not tell things in a fixed order: what was said in all, what was asked and
 * decided, and what came of each call and run.
 */
export function gistOf(talk: Talk): object {
  const calls = new Map(talk.of('tool_call').map(({ data }) => [data.call, data]));
  return {
    thoughts: talk.texts('thought').join(''),
    messages: talk.texts('message').join(''),
    deliveries: talk.of('delivery').length,
    approvals: talk.of('approval').map(({ data }) => [data.title, data.toolCall?.kind]),
    decisions: talk.of('decision').map(({ data }) => data.outcome),
    calls: [...calls.values()].map(({ kind, status, output }) => [kind, status, output]),
    ends: talk.of('run_ended').map(({ data }) => [data.outcome, data.answer?.text, data.usage]),
  };
}
