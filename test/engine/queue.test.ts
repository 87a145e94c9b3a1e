import { describe, expect, test } from 'vitest';
import { textOf } from '../../src/domain/content.ts';
import { plainDriver } from '../../src/testing/index.ts';
import { deaf, given, obedient } from './agents.ts';
import { by, Workbench, words } from './workbench.ts';

/** A session whose first run works for ever, with prompts that wait. */
async function waiting(bench: Workbench, ...texts: string[]): Promise<[string, string[]]> {
  const session = await bench.session('go');
  await (await bench.watch(session)).entry('delivery');
  const ids: string[] = [];
  for (const text of texts) ids.push((await bench.send(session, text)).entry.id);
  return [session, ids];
}

const told = (bench: Workbench): string[] =>
  [...bench.hosts.processes.values()]
    .flatMap(given)
    .filter(({ type }) => type === 'prompt')
    .map(({ content }) => textOf(content as ReturnType<typeof words>));

async function listed(bench: Workbench, session: string): Promise<string[]> {
  const { items } = await bench.engine.queue.list(session);
  expect(items.map(({ position }) => position)).toEqual(items.map((_, at) => at + 1));
  return items.map(({ content }) => textOf(content ?? []));
}

describe('the queue', () => {
  test('P2: is listed, edited, reordered and withdrawn from, and delivered as it is then', async () => {
    const bench = await Workbench.open({
      play: (turn) => (turn.text === 'go' ? deaf(turn) : turn.say('done')),
    });
    const [session, [a, b, c]] = await waiting(bench, 'a', 'b', 'c');
    const { queue } = bench.engine;
    expect(await listed(bench, session)).toEqual(['a', 'b', 'c']);
    const item = await queue.edit(session, b!, words('B'), by);
    expect(item).toMatchObject({ prompt: b, position: 2, edited: true });
    expect(await queue.move(session, c!, 1, by)).toMatchObject({ position: 1 });
    await queue.withdraw(session, a!, by);
    expect(await listed(bench, session)).toEqual(['c', 'B']);
    await bench.abort(session, { force: true });
    expect((await queue.list(session)).held).toBe(true);
    const released = await queue.release(session, by);
    expect(released.run).not.toBeNull();
    const watch = await bench.watch(session);
    await watch.entry('run_ended', ({ data }) => data.outcome === 'completed', 2);
    expect(told(bench).slice(-2)).toEqual(['c', 'B']);
    const deliveries = await bench.of(session, 'delivery');
    expect(deliveries.map(({ data }) => textOf(data.content))).toEqual(['go', 'c', 'B']);
    // Each change is an entry with who did it (S7).
    const changes = await bench.of(session, 'queue');
    expect(changes.map(({ data, by: who }) => [data.change, who])).toEqual([
      ['edited', by],
      ['moved', by],
      ['withdrawn', by],
      ['released', by],
    ]);
  });

  test('P2 R7: survives a restart with its edits, and loses and doubles nothing', async () => {
    const bench = await Workbench.open({
      play: (turn) => (turn.text === 'go' ? deaf(turn) : turn.say('done')),
    });
    const [session, [a, b]] = await waiting(bench, 'a', 'b');
    await bench.engine.queue.edit(session, a!, words('A'), by);
    await bench.engine.queue.move(session, b!, 1, by);
    await bench.boot();
    await bench.engine.recovered;
    expect(await listed(bench, session)).toEqual(['b', 'A']);
    await bench.abort(session, { force: true });
    await bench.engine.queue.release(session, by);
    const watch = await bench.watch(session);
    await watch.entry('run_ended', ({ data }) => data.outcome === 'completed', 2);
    const deliveries = await bench.of(session, 'delivery');
    expect(deliveries.map(({ data }) => textOf(data.content))).toEqual(['go', 'b', 'A']);
  });

  test('P1 P2: a change that was stored is told as done, though its prompt left in the same turn', async () => {
    const bench = await Workbench.open({ play: deaf });
    const [session, [, b]] = await waiting(bench, 'a', 'b');
    const { queue } = bench.engine;
    const [moved] = await Promise.all([
      queue.move(session, b!, 1, by),
      queue.withdraw(session, b!, by),
    ]);
    expect(moved).toEqual({ prompt: b, position: 1, content: words('b'), edited: false });
    const changes = await bench.of(session, 'queue');
    expect(changes.map(({ data }) => data.change)).toEqual(['moved', 'withdrawn']);
  });

  test('P2: a prompt that is with the agent, or of which nobody knows, is refused', async () => {
    const bench = await Workbench.open({ play: deaf });
    const [session] = await waiting(bench);
    const [first] = await bench.of(session, 'prompt');
    const { queue } = bench.engine;
    const taken = { refusal: { code: 'conflict', field: 'prompt' } };
    await expect(queue.edit(session, first!.id, words('x'), by)).rejects.toMatchObject(taken);
    await expect(queue.withdraw(session, first!.id, by)).rejects.toMatchObject(taken);
    const unknown = { refusal: { code: 'not_found', field: 'prompt' } };
    await expect(queue.move(session, 'nobody', 1, by)).rejects.toMatchObject(unknown);
  });
});

describe('a draft', () => {
  test('P1 P2: launches nothing, keeps its prompt, and begins with it when somebody sends', async () => {
    const bench = await Workbench.open({ play: (turn) => turn.say('done') });
    const created = await bench.engine.create(
      { changes: { draft: true }, prompt: { content: words('first') } },
      by,
    );
    const session = created.row.id;
    expect(created.row.status).toBe('draft');
    expect(created.prompt).toMatchObject({ state: 'queued' });
    expect(bench.hosts.launched).toEqual([]);
    await bench.boot();
    const sent = await bench.send(session, 'second');
    expect(sent.state).toBe('queued');
    const watch = await bench.watch(session);
    await watch.entry('run_ended', () => true, 2);
    expect(told(bench)).toEqual(['first', 'second']);
    expect((await bench.engine.get(session)).row.status).toBe('idle');
  });

  test('P2: is released without another prompt; its directory can be set until then', async () => {
    const bench = await Workbench.open({ play: (turn) => turn.say('done') });
    const { row } = await bench.engine.create(
      { changes: { draft: true }, prompt: { content: words('first') } },
      by,
    );
    await bench.engine.patch(row.id, { changes: { cwd: '/elsewhere' } }, by);
    expect((await bench.engine.queue.release(row.id, by)).run).not.toBeNull();
    await (await bench.watch(row.id)).entry('run_ended');
    expect([...bench.hosts.processes.values()][0]!.spec.cwd).toBe('/elsewhere');
    const late = bench.engine.patch(row.id, { changes: { cwd: '/third' } }, by);
    await expect(late).rejects.toMatchObject({ refusal: { code: 'conflict', field: 'cwd' } });
  });

  test('P2: without a directory is forked and has children, which have to find theirs', async () => {
    const bench = await Workbench.open({
      checkDirectory: (path) =>
        path === '' ? Promise.reject(new Error('no path')) : Promise.resolve(path),
      defaultCwd: null,
    });
    const draft = { draft: true };
    const { row } = await bench.engine.create({ changes: draft }, by);
    expect(row.cwd).toBe('');
    const forked = await bench.engine.branches.fork(row.id, { changes: draft }, by);
    expect(forked.row.cwd).toBe('');
    const nowhere = { refusal: { code: 'invalid', field: 'cwd' } };
    const child = bench.engine.create({ changes: { parent: row.id } }, by);
    await expect(child).rejects.toMatchObject(nowhere);
    await expect(bench.engine.queue.release(row.id, by)).rejects.toMatchObject(nowhere);
  });

  test('P2: is not edited to nothing', async () => {
    const bench = await Workbench.open();
    const prompt = { id: 'p', content: words('first') };
    const { row } = await bench.engine.create({ changes: { draft: true }, prompt }, by);
    const edited = bench.engine.queue.edit(row.id, 'p', words(' \n'), by);
    await expect(edited).rejects.toMatchObject({ refusal: { code: 'invalid', field: 'content' } });
    const { items } = await bench.engine.queue.list(row.id);
    expect(items).toMatchObject([{ content: words('first'), edited: false }]);
  });
});

describe('a held queue', () => {
  test('P2: what is sent to it comes first, also where its host gives way to one with other settings', async () => {
    const bench = await Workbench.open({
      play: (turn) => (turn.text === 'go' ? obedient(turn) : turn.say('done')),
    });
    const [session] = await waiting(bench, 'a');
    await bench.abort(session, { wait: true });
    await bench.engine.patch(session, { changes: { effort: 'high' } }, by);
    await bench.send(session, 'b');
    const watch = await bench.watch(session);
    await watch.entry('run_ended', ({ data }) => data.outcome === 'completed', 2);
    const deliveries = await bench.of(session, 'delivery');
    expect(deliveries.map(({ data }) => textOf(data.content))).toEqual(['go', 'b', 'a']);
  });

  test('P1 P2: a prompt that the agent may have already is not edited', async () => {
    const bench = await Workbench.open({
      driver: plainDriver({ profile: { deduplicatesPrompts: true } }),
      play: (turn) => turn.process.exit(1),
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('host', ({ data }) => data.state === 'ended');
    const [first] = await bench.of(session, 'prompt');
    const { queue } = bench.engine;
    expect((await queue.list(session)).items).toMatchObject([{ prompt: first!.id }]);
    await expect(queue.edit(session, first!.id, words('other'), by)).rejects.toMatchObject({
      refusal: { code: 'conflict', field: 'prompt' },
    });
    await queue.withdraw(session, first!.id, by);
  });
});
