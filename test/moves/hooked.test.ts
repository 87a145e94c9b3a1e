import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { bring } from './bring.ts';
import { Closing, Machine, nameOf } from './machine.ts';

const hook = path.join(import.meta.dirname, '../fixtures/hooks/hook.mjs');

let source: Machine;
let target: Machine;
beforeAll(async () => {
  const closing = new Closing();
  source = await Machine.open(closing.add);
  const command = [process.execPath, hook, 'redact', 'canary'];
  // Where the log says that it works; here it is the directory of the other one.
  const hooks = { beforeCommit: [{ directory: source.cwd, command, deadlineMs: 10_000 }] };
  target = await Machine.open(closing.add, hooks);
  return closing.all;
}, 60_000);

async function told(): Promise<{ session: string; secret: number }> {
  const session = await source.session();
  await source.run(session, '[[say one]]');
  const said = { session, entries: [{ raw: { text: 'a canary' } }] };
  const [secret] = (await source.client.sessions.append(said)).entries;
  await source.run(session, '[[say two]]');
  return { session, secret: secret!.seq };
}

test('M3 H1: a move that was cut off after a text that a hook there took out goes on from there', async () => {
  const { session, secret } = await told();
  await bring({ source, target, session, entries: secret });
  const to = { url: target.url, token: target.token };
  await source.client.moves.begin({ session, to, cwd: target.cwd });
  const move = await source.move(session, ({ endedAt }) => endedAt !== null);
  expect(move).toMatchObject({ phase: 'done', error: null });
  const here = await source.log(session);
  // The entry that a hook has changed, and what was not there.
  expect(move.entries).toEqual({ sent: here.length - secret, total: here.length - secret });
  const there = (await target.log(session)).slice(0, here.length);
  const changed = here.filter((entry, at) => nameOf(entry) !== nameOf(there[at]!));
  expect(changed.map(({ seq }) => seq)).toEqual([secret]);
  expect(JSON.stringify(there)).not.toContain('canary');
  expect(there[secret - 1]!.data).toEqual({ raw: { text: 'a XXX' } });
  expect(await target.refuses(session)).toBeNull();
});
