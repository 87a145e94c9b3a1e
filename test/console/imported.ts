import { createHash } from 'node:crypto';
import { digestText, type NewEntry } from '../../src/domain/entry.ts';
import type { ConsolePlace } from './place.ts';

/** An entry of a log that no agent of ours wrote: its kind, its data, and what is told beside. */
export type Told = Pick<NewEntry, 'kind' | 'data'> & { about?: string; parentCall?: string };

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const nodes = new Set(['message', 'thought', 'tool_call', 'delivery']);

/** A session with these entries, as a file of a log brings it; the id of each is `e<its number>`, from 2 on. */
export async function imported(
  place: ConsolePlace,
  session: string,
  told: readonly Told[],
): Promise<void> {
  const settings = { from: 'client', changes: { agent: 'scripted', cwd: place.cwd } };
  const all = [{ kind: 'settings', data: settings }, ...told] as Told[];
  let head: string | null = null;
  const entries = all.map((one, at) => {
    const id = `e${at + 1}`;
    const isNode = nodes.has(one.kind) && one.about === undefined;
    const entry = {
      id,
      ...(isNode ? { parentId: head } : {}),
      at: new Date(Date.UTC(2026, 0, 1, 12, 0, at)).toISOString(),
      by: { type: 'server' },
      ...one,
    } as NewEntry;
    if (isNode) head = id;
    return { seq: at + 1, ...entry, digest: sha256(digestText(entry)) };
  });
  const header = { id: session, key: null, agent: 'scripted', cwd: place.cwd, title: session };
  const lines = [
    {
      type: 'header',
      format: 'turnkeep',
      version: 1,
      session: { ...header, createdAt: entries[0]!.at },
    },
    ...entries.map((entry) => ({ type: 'entry', entry })),
  ].map((line) => `${JSON.stringify(line)}\n`);
  const end = { type: 'end', entries: entries.length, digest: sha256(lines.join('')) };
  await place.client.sessions.import([...lines, JSON.stringify(end)].join(''));
}

const text = (value: string) =>
  ({ type: 'content', content: { type: 'text', text: value } }) as const;

/** A call of a tool that has ended. */
export function call(id: string, data: { [name: string]: unknown }, parentCall?: string): Told {
  const { result, ...rest } = data;
  return {
    kind: 'tool_call',
    data: {
      call: id,
      title: id,
      kind: 'other',
      status: 'completed',
      ...(typeof result === 'string' ? { content: [text(result)] } : {}),
      ...rest,
    },
    ...(parentCall === undefined ? {} : { parentCall }),
  } as Told;
}
export const said = (value: string, parentCall?: string): Told => ({
  kind: 'message',
  data: { content: [{ type: 'text', text: value }] },
  ...(parentCall === undefined ? {} : { parentCall }),
});
