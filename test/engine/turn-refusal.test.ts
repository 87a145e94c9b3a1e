import { expect, test } from 'vitest';
import { rebuild } from '../../src/engine/registry.ts';
import { held } from './agents.ts';
import { by, Workbench, words } from './workbench.ts';

const taken = 'agent:plain:taken';

/** A session whose first commands wait for the same turn, and another that has the key. */
async function benchWithKey(): Promise<{ bench: Workbench; session: string }> {
  const bench = await Workbench.open({ play: (turn) => turn.say('done') });
  await bench.engine.create({ changes: { key: taken } }, by);
  return { bench, session: await bench.session() };
}

test('L4 P1: what the store refuses is refused to its caller, and not what was asked for beside it', async () => {
  const { bench, session } = await benchWithKey();
  const { engine } = bench;
  const twice = { id: 'a', raw: 1 };
  const asked = await Promise.allSettled([
    engine.patch(session, { changes: { label: 'l' } }, by),
    engine.patch(session, { changes: { key: taken } }, by),
    bench.send(session, 'hello', { id: 'p1' }),
    engine.logs.append(session, { entries: [twice, twice] }, by),
    engine.logs.append(session, { entries: [{ id: 'b', raw: 1 }] }, by),
    engine.logs.append(session, { entries: [{ parentId: 'nobody', raw: 1 }] }, by),
    engine.patch(session, { changes: { title: 'mine' } }, by),
  ]);
  expect(asked.map(({ status }) => status === 'fulfilled')).toEqual([
    true,
    false,
    true,
    false,
    true,
    false,
    true,
  ]);
  const { row } = await engine.get(session);
  expect(row).toMatchObject({ key: null, label: 'l', title: 'mine' });
  await (await bench.watch(session)).entry('run_ended');
  expect(await bench.of(session, 'prompt')).toMatchObject([{ id: 'p1' }]);
  expect(await bench.of(session, 'external')).toMatchObject([{ id: 'b' }]);
  expect(JSON.parse((await bench.store.load(session))!.state)).toEqual(
    await rebuild(session, bench.store),
  );
});

test('L4 R6: neither are lines of the agent that come in at the same time', async () => {
  const agent = held();
  const bench = await Workbench.open({ play: agent.play });
  await bench.engine.create({ changes: { key: taken } }, by);
  const session = await bench.session('go');
  const turn = await agent.begun;
  const watch = await bench.watch(session);
  const asked = Promise.allSettled([
    bench.engine.patch(session, { changes: { key: taken } }, by),
    bench.send(session, 'next'),
    bench.engine.patch(session, { changes: { key: taken } }, by),
  ]);
  for (const text of ['one', 'two', 'three']) turn.print({ type: 'notice', code: text, text });
  expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  agent.end();
  await watch.entry('run_ended', () => true, 1);
  const codes = (await bench.of(session, 'notice')).map(({ data }) => data.code);
  expect(codes).toEqual(['one', 'two', 'three']);
  expect(await bench.of(session, 'unrecognized')).toEqual([]);
});

test('P1: a create that is asked for again by its id does not send its prompt again, nor begin a draft', async () => {
  const { bench } = await benchWithKey();
  const input = { id: 'mine', changes: { draft: true }, prompt: { content: words('go') } };
  const first = await bench.engine.create(input, by);
  const again = await bench.engine.create(input, by);
  expect(again).toMatchObject({ created: false, row: { status: 'draft', queued: 1 } });
  expect(again.prompt).toEqual(first.prompt);
  const other = bench.engine.create({ ...input, prompt: { content: words('else') } }, by);
  await expect(other).rejects.toMatchObject({ refusal: { code: 'id_reused' } });
  expect(await bench.of('mine', 'prompt')).toHaveLength(1);
});

test('L4: a session whose writer was overtaken is loaded anew for whoever asks next', async () => {
  const first = await Workbench.open({ seed: 'a' });
  const session = await first.session();
  const second = await Workbench.open({ store: first.store, seed: 'b' });
  await second.engine.get(session);
  await first.engine.patch(session, { changes: { label: 'first' } }, by);
  const late = second.engine.patch(session, { changes: { title: 'late' } }, by);
  await expect(late).rejects.toMatchObject({ refusal: { code: 'conflict' } });
  const { row } = await second.engine.patch(session, { changes: { title: 'again' } }, by);
  expect(row).toMatchObject({ label: 'first', title: 'again' });
  second.life.kill();
});
