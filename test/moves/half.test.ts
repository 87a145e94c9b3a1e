import { beforeAll, expect, test } from 'vitest';
import { bring } from './bring.ts';
import { Closing, Machine } from './machine.ts';

let source: Machine;
let target: Machine;
beforeAll(async () => {
  const closing = new Closing();
  [source, target] = await Promise.all([Machine.open(closing.add), Machine.open(closing.add)]);
  return closing.all;
}, 60_000);

/** The session as the list has it, and by itself. */
async function rows(session: string) {
  const { sessions } = await target.client.sessions.list({});
  const { session: got } = await target.client.sessions.get({ session });
  return [sessions.find(({ id }) => id === session), got].map((row) => {
    return { status: row?.status, run: row?.activeRun };
  });
}

const both = (status: string) => [1, 2].map(() => ({ status, run: null }));

test('M2: a copy that is not whole is shown as one that is only read, whatever its log says of runs', async () => {
  const session = await source.session();
  await source.run(session, '[[say one]]');
  const started = (await source.log(session)).find(({ kind }) => kind === 'run_started')!;
  await bring({
    source,
    target,
    session,
    entries: started.seq,
    meanwhile: async () => {
      expect(await rows(session)).toEqual(both('readonly'));
      await target.restart();
      expect(await rows(session)).toEqual(both('readonly'));
    },
  });
  // What came of a move that was broken off is not at work either.
  expect(await rows(session)).toEqual(both('readonly'));
  const to = { url: target.url, token: target.token };
  await source.client.moves.begin({ session, to, cwd: target.cwd });
  const move = await source.move(session, ({ endedAt }) => endedAt !== null);
  expect(move.phase).toBe('done');
  expect(await rows(session)).toEqual(both('idle'));
  await target.run(session, '[[say here]]');
  expect(await rows(session)).toEqual(both('idle'));
}, 60_000);
