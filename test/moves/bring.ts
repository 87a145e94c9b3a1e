import { expect } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { type Machine, refusalOf } from './machine.ts';

interface Part {
  source: Machine;
  target: Machine;
  session: string;
  /** So many, from the first on. */
  entries: number;
  /** What is so before its ticket ends. */
  meanwhile?: () => Promise<void>;
}

/** Brings a part of a log and no more, as a move does that is cut off. */
export async function bring({ source, target, session, entries, meanwhile }: Part): Promise<void> {
  const { agent, key } = (await source.client.sessions.get({ session })).session;
  const { server, stateVersion } = await source.client.server.info({});
  const { ticket } = await target.client.moves.offer({
    session,
    agent,
    key,
    cwd: source.cwd,
    server,
    lastSeq: entries,
    stateVersion,
  });
  const lines: string[] = [];
  let count = 0;
  const file = Buffer.concat(
    await Array.fromAsync(await source.client.sessions.export({ session })),
  );
  for (const line of file.toString('utf8').split('\n')) {
    if (line.startsWith('{"type":"entry"')) count += 1;
    if (count > entries || line.startsWith('{"type":"end"')) break;
    lines.push(line);
  }
  const holder = createClient({ url: target.url, token: ticket });
  expect(await refusalOf(holder.sessions.import(`${lines.join('\n')}\n`))).toMatchObject({
    code: 'invalid',
  });
  await meanwhile?.();
  await holder.moves.withdraw({ session });
  holder.close();
  expect(await target.log(session)).toHaveLength(entries);
}
