import type { Entry } from '../../src/client/index.ts';
import type { Talk } from '../app/talk.ts';

/** Members that differ from one run to the next, whatever happened in them. */
const fleeting: ReadonlySet<string> = new Set(['at', 'digest', 'durationMs']);

/** Names that somebody made up: of entries, runs, hosts and requests, of the model's messages and calls. */
const names =
  /(?:msg|toolu|call|rs)_\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b01[0-9a-hjkmnp-tv-z]{24}(?:-[0-9a-z]+)*/g;

/**
 * A session's whole log without ids and times, for comparison with that of another session: each name
 * becomes the number of its first appearance, so that what refers to what is compared too. Snapshots are left
 * out: they are made beside the way of the log, so their places are no part of it.
 */
export async function transcriptOf(talk: Talk): Promise<unknown[]> {
  const { entries } = await talk.whole();
  const known = new Map<string, string>();
  const told = entries.filter(({ kind }) => kind !== 'snapshot');
  return told.map((entry, at) => {
    const text = JSON.stringify({ ...entry, seq: at + 1 }, (key, value: unknown) =>
      fleeting.has(key) ? undefined : value,
    );
    const named = text.replaceAll(talk.cwd, 'CWD').replaceAll(names, (name) => {
      const number = known.get(name) ?? `#${known.size + 1}`;
      known.set(name, number);
      return number;
    });
    return JSON.parse(named.replaceAll(/!hold \w+/g, '!hold')) as Entry;
  });
}
