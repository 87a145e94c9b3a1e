import { expect, test } from 'vitest';
import { LogWorld } from './log-world.ts';

const word = 'a-line-of-its-own-memory';
const native = { format: 'plain', session: 'native-1', file: '' };

test('V1 L6: lines of an agent’s own memory are sent to those who ask for them, and told to all others', async () => {
  const { bench, client, export: exported } = await openWorld();
  const { session } = await client.sessions.create({ prompt: 'go' });
  const watch = await bench.watch(session.id);
  await watch.entry('run_ended');
  const live = watch.entries;
  const late = await bench.watch(session.id);
  await late.entry('run_ended');
  expect(late.entries).toEqual(live);
  const [told] = live.filter(({ kind }) => kind === 'native');
  const omitted = { ...native, line: '', omitted: true };
  expect(told).toMatchObject({ kind: 'native', data: omitted });
  expect(JSON.stringify(live)).not.toContain(word);
  const page = await client.sessions.history({ session: session.id, after: 0 });
  expect(page.entries).toEqual(live);
  const asked = await client.sessions.history({ session: session.id, after: 0, kinds: ['native'] });
  expect(asked.entries).toMatchObject([
    { id: told!.id, digest: told!.digest, data: { line: word } },
  ]);
  expect(asked.entries[0]!.data).not.toHaveProperty('omitted');
  expect(await exported(session.id)).toContain(word);
  expect(await bench.of(session.id, 'native')).toMatchObject([{ data: { ...native, line: word } }]);
});

async function openWorld() {
  const world = await LogWorld.open((turn) => {
    turn.say('hello');
    turn.print({ type: 'native', line: { ...native, line: word } });
  });
  const { bench, client } = world;
  return { bench, client, export: (session: string) => world.export(session) };
}
