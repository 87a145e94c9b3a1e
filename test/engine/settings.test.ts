import { describe, expect, test } from 'vitest';
import { refuse } from '../../src/domain/refusal.ts';
import { secretName } from '../../src/domain/settings.ts';
import { plainDriver } from '../../src/testing/index.ts';
import { given, held } from './agents.ts';
import { by, Workbench, words } from './workbench.ts';

const specs = (bench: Workbench) => [...bench.hosts.launched];

describe('a patch', () => {
  test('P2: tells the open agent at once what it takes live, and says which', async () => {
    const turn = held();
    const bench = await Workbench.open({ play: turn.play });
    const session = await bench.session('go');
    await turn.begun;
    const changes = { model: 'm2', effort: 'high', title: 'mine' };
    const answer = await bench.engine.patch(session, { changes }, by);
    expect(answer.applied).toEqual({ model: 'live', effort: 'next host' });
    expect(answer.row).toMatchObject({ title: 'mine', model: 'm2', effort: 'high' });
    const sets = given(bench.hosts.alive[0]!).filter(({ type }) => type === 'set');
    expect(sets).toMatchObject([{ changes: { model: 'm2' } }]);
    expect((await bench.of(session, 'settings')).at(-1)).toMatchObject({
      by,
      data: { from: 'client', live: ['model'] },
    });
    turn.end();
  });

  test('R1: what is not live is for the next host, which comes with the next prompt', async () => {
    const opened: object[] = [];
    const driver = plainDriver();
    const bench = await Workbench.open({
      play: (turn) => turn.say('done'),
      driver: {
        ...driver,
        open: (spec) => {
          opened.push(spec);
          return driver.open(spec);
        },
      },
    });
    const session = await bench.session('one');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    await bench.engine.patch(session, { changes: { instructions: { append: 'be brief' } } }, by);
    expect(bench.hosts.alive).toHaveLength(1);
    await bench.send(session, 'two');
    await watch.entry('run_ended', () => true, 2);
    expect(opened).toMatchObject([
      { instructions: null, nativeId: null },
      { instructions: { append: 'be brief' }, nativeId: 'native-1' },
    ]);
    expect(specs(bench)).toHaveLength(2);
    const ending = (await bench.of(session, 'host')).filter(({ data }) => data.state === 'ending');
    expect(ending.map(({ data }) => data.reason)).toEqual(['settings']);
    await bench.send(session, 'three');
    await watch.entry('run_ended', () => true, 3);
    expect(specs(bench)).toHaveLength(2);
  });

  test('P2: is refused where the agent does not know the setting, and changes nothing then', async () => {
    const driver = plainDriver({ profile: { settings: ['model'], live: [] } });
    const bench = await Workbench.open({ driver });
    const session = await bench.session();
    const before = await bench.log(session);
    const changes = { model: 'm', maxTurns: 3 };
    await expect(bench.engine.patch(session, { changes }, by)).rejects.toMatchObject({
      refusal: { code: 'unsupported', field: 'maxTurns' },
    });
    await expect(bench.engine.create({ changes: { effort: 'high' } }, by)).rejects.toMatchObject({
      refusal: { code: 'unsupported', field: 'effort' },
    });
    expect(await bench.log(session)).toEqual(before);
    await bench.engine.patch(session, { changes: { maxTurns: null } }, by);
  });

  test('L5: is refused where the session has moved on', async () => {
    const bench = await Workbench.open({ play: (turn) => turn.say('done') });
    const session = await bench.session('one');
    await (await bench.watch(session)).entry('run_ended');
    const patch = { changes: { label: 'x' }, expectedHead: null };
    await expect(bench.engine.patch(session, patch, by)).rejects.toMatchObject({
      refusal: { code: 'conflict', field: 'expectedHead' },
    });
  });

  test('S5: are bounded together, and a piece too many changes nothing', async () => {
    const bench = await Workbench.open();
    const session = await bench.session();
    const server = (name: string) =>
      ({ type: 'stdio', name, command: 'x', args: ['y'.repeat(100_000)], env: [] }) as const;
    const two = { mcpServers: [server('a'), server('b')] };
    await bench.engine.patch(session, { changes: two }, by);
    const more = { changes: { label: 'l', instructions: { append: 'z'.repeat(100_000) } } };
    const refused = { refusal: { code: 'too_large', field: 'instructions' } };
    await expect(bench.engine.patch(session, more, by)).rejects.toMatchObject(refused);
    const { row, settings } = await bench.engine.get(session);
    expect([row.label, settings.instructions]).toEqual([null, null]);
  });

  test('S4: values of variables reach the host and never the log', async () => {
    const seen: object[] = [];
    const bench = await Workbench.open({
      play: (turn) => turn.say('done'),
      environment: (variables) => {
        seen.push(variables);
        return variables;
      },
    });
    const { row } = await bench.engine.create(
      {
        changes: { env: ['API_KEY'] },
        secrets: { [secretName('API_KEY')]: 'canary-value' },
        prompt: { content: words('go') },
      },
      by,
    );
    const watch = await bench.watch(row.id);
    await watch.entry('run_ended');
    expect(seen).toEqual([{ API_KEY: 'canary-value' }]);
    expect(JSON.stringify(await bench.log(row.id))).not.toContain('canary');
    expect(JSON.stringify(await bench.store.load(row.id))).not.toContain('canary');
    await bench.engine.patch(
      row.id,
      { changes: { env: [] }, secrets: { [secretName('API_KEY')]: null } },
      by,
    );
    expect(await bench.store.secrets(row.id)).toEqual({});
    await bench.send(row.id, 'again');
    await watch.entry('run_ended', () => true, 2);
    expect(seen.at(-1)).toEqual({});
  });

  test('S4: values that no setting names any more are gone, also in a fork that names others', async () => {
    const driver = plainDriver({ profile: { mcpSecrets: true } });
    const bench = await Workbench.open({ driver });
    const server = { type: 'stdio', name: 'files', command: 'x', args: [], env: ['KEY'] } as const;
    const { row } = await bench.engine.create(
      {
        changes: { env: ['A', 'B'], mcpServers: [server] },
        secrets: { 'env/A': 'a', 'env/B': 'b', 'mcp/files/KEY': 'k' },
      },
      by,
    );
    const secrets = { 'env/B': 'new' };
    await bench.engine.patch(row.id, { changes: { env: ['B'] }, secrets }, by);
    expect(await bench.store.secrets(row.id)).toEqual({ 'env/B': 'new', 'mcp/files/KEY': 'k' });
    const own = { changes: { mcpServers: [] } };
    const forked = await bench.engine.branches.fork(row.id, own, by);
    expect(await bench.store.secrets(forked.row.id)).toEqual({ 'env/B': 'new' });
    await bench.engine.patch(row.id, { changes: { mcpServers: [] } }, by);
    expect(await bench.store.secrets(row.id)).toEqual({ 'env/B': 'new' });
  });

  test('P1: pairs that two clients set at once are both there; null takes one away', async () => {
    const bench = await Workbench.open();
    const { row } = await bench.engine.create({ changes: { meta: { a: '1', b: '2' } } }, by);
    const { engine } = bench;
    await Promise.all([
      engine.patch(row.id, { changes: {}, meta: { a: null, c: '3' } }, by),
      engine.patch(row.id, { changes: {}, meta: { d: '4' } }, by),
    ]);
    expect((await engine.get(row.id)).row.meta).toEqual({ b: '2', c: '3', d: '4' });
    const large = engine.patch(row.id, { changes: {}, meta: { e: 'x'.repeat(4096) } }, by);
    await expect(large).rejects.toMatchObject({ refusal: { code: 'too_large', field: 'meta' } });
  });
});

test('S3: a directory beside the working one has to be there, and is kept by its real path', async () => {
  const bench = await Workbench.open({
    checkDirectory: async (path) => {
      if (path === '/gone') throw refuse('invalid', 'It is not there.', { field: 'cwd' });
      return path === '/link' ? '/real' : path;
    },
  });
  const { row } = await bench.engine.create({ changes: { additionalDirs: ['/link'] } }, by);
  expect((await bench.engine.get(row.id)).settings.additionalDirs).toEqual(['/real']);
  const refused = { refusal: { code: 'invalid', field: 'additionalDirs' } };
  const changes = { additionalDirs: ['/real', '/gone'] };
  await expect(bench.engine.patch(row.id, { changes }, by)).rejects.toMatchObject(refused);
  await expect(bench.engine.create({ changes }, by)).rejects.toMatchObject(refused);
});
