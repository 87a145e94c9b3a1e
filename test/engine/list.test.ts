import { describe, expect, test } from 'vitest';
import type { SessionRow } from '../../src/domain/row.ts';
import type { ListFilter } from '../../src/engine/engine.ts';
import type { Frame } from '../../src/engine/frames.ts';
import { plainDriver } from '../../src/testing/index.ts';
import { obedient } from './agents.ts';
import { by, Watch, Workbench, words } from './workbench.ts';

interface Changed {
  session: string;
  key: string | null;
  reasons: string[];
  row: SessionRow | null;
}

/** A subscriber of the list. */
class Listed extends Watch {
  readonly changes: Changed[] = [];
  readonly #bench: Workbench;

  constructor(bench: Workbench, filter: ListFilter = {}) {
    super();
    this.#bench = bench;
    bench.engine.openList(filter, this);
  }

  override send(frame: Frame): void {
    this.changes.push(JSON.parse(frame.params) as Changed);
  }

  /** What has come since the last look, once changes were united and sent. */
  take(): Changed[] {
    this.#bench.clock.advance(100);
    return this.changes.splice(0);
  }
}

describe('subscribers of the list', () => {
  test('V5: get every change with the row, united', async () => {
    const driver = plainDriver({ profile: { steer: true } });
    const bench = await Workbench.open({ play: obedient, driver });
    const list = new Listed(bench);
    const { engine } = bench;
    const session = await bench.session();
    const watch = await bench.watch(session);
    const next = (reason: string): SessionRow | null => {
      const changes = list.take();
      expect(changes.map((change) => change.session)).toEqual([session]);
      expect([reason, changes[0]!.reasons]).toEqual([
        reason,
        expect.arrayContaining([reason]) as string[],
      ]);
      return changes[0]!.row;
    };
    expect(next('create')).toMatchObject({ id: session, status: 'idle' });
    await bench.send(session, 'go');
    await watch.entry('delivery');
    expect(next('send')).toMatchObject({ status: 'working', title: 'go' });
    await bench.send(session, 'left', { delivery: 'steer' });
    next('steer');
    await bench.abort(session, { wait: true });
    expect(next('abort')).toMatchObject({ status: 'idle', lastRun: { outcome: 'cancelled' } });
    await engine.patch(session, { changes: { label: 'l' } }, by);
    expect(next('patch')).toMatchObject({ label: 'l' });
    await engine.life.reset(session, 'new', by);
    next('new');
    await engine.life.reset(session, 'reset', by);
    next('reset');
    await engine.logs.append(session, { entries: [{ id: 'n1', raw: 1, parentId: null }] }, by);
    next('status');
    await engine.logs.append(session, { entries: [{ raw: 2, parentId: 'n1' }] }, by);
    await engine.branches.compact(session, { keep: 1 }, by);
    next('compact');
    await engine.life.remove(session, by);
    expect(next('delete')).toBeNull();
    await engine.life.restore(session, by);
    expect(next('restore')).toMatchObject({ id: session });
    const fork = await engine.branches.fork(session, { changes: {} }, by);
    const forked = list.take();
    expect(forked).toMatchObject([{ session: fork.row.id, row: { forkedFrom: { session } } }]);
    expect(forked[0]!.reasons).toEqual(expect.arrayContaining(['create', 'fork']));
  });

  test.each<[string, ListFilter, string[]]>([
    ['status', { status: ['working'] }, ['working', 'gone']],
    ['label', { label: 'x' }, ['x']],
    ['meta', { meta: { issue: '7' } }, []],
    ['agent', { agent: 'nobody' }, []],
    ['archived', { archived: false }, ['all']],
  ])(
    'V5: by %s are told of those that pass, and of those that pass no longer',
    async (...given) => {
      const [, filter, wanted] = given;
      const bench = await Workbench.open({ play: obedient });
      const list = new Listed(bench, filter);
      const session = await bench.session('go');
      await (await bench.watch(session)).entry('delivery');
      const seen = list.take().some(({ row }) => row !== null);
      await bench.engine.patch(session, { changes: { label: 'x' } }, by);
      const labelled = list.take().some(({ row }) => row?.label === 'x');
      await bench.abort(session, { wait: true });
      const last = list.take().at(-1);
      if (wanted.includes('working')) expect(seen).toBe(true);
      if (wanted.includes('x')) expect([seen, labelled]).toEqual([false, true]);
      if (wanted.includes('gone')) expect(last).toMatchObject({ session, row: null });
      if (wanted.includes('all')) expect(last!.row).toMatchObject({ status: 'idle' });
      if (wanted.length === 0) expect([seen, labelled, last]).toEqual([false, false, undefined]);
    },
  );
});

test('S7: who sent, steered, approved, patched, reset, deleted and forked is in the log', async () => {
  const driver = plainDriver({ profile: { steer: true } });
  const bench = await Workbench.open({
    driver,
    play: async (turn) => {
      await turn.ask('may I');
      await turn.cancelled;
      turn.end('cancelled');
    },
  });
  const { engine } = bench;
  const who = (user: string) => ({ type: 'client', token: 't', user }) as const;
  const { row } = await engine.create({ changes: {} }, who('maker'));
  const send = { content: words('go'), delivery: 'queue', allowInterrupt: false } as const;
  await engine.send(row.id, send, who('sender'));
  const watch = await bench.watch(row.id);
  const approval = await watch.entry('approval');
  const choice = { verdict: 'allow' } as const;
  await engine.approvals.decide(row.id, { approval: approval.id, choice }, who('decider'));
  await engine.send(row.id, { ...send, delivery: 'steer' }, who('steerer'));
  await engine.patch(row.id, { changes: { label: 'l' } }, who('patcher'));
  const abort = { force: false, wait: true, queue: 'keep' } as const;
  await engine.abort(row.id, abort, who('stopper'));
  await engine.life.reset(row.id, 'reset', who('resetter'));
  await engine.life.remove(row.id, who('deleter'));
  await engine.life.restore(row.id, who('restorer'));
  const fork = await engine.branches.fork(row.id, { changes: {} }, who('forker'));
  const users = (await bench.log(row.id)).flatMap(({ kind, by: author }) =>
    author.type === 'client' ? [[kind, author.user]] : [],
  );
  expect(users).toEqual([
    ['settings', 'maker'],
    ['prompt', 'sender'],
    ['decision', 'decider'],
    ['prompt', 'steerer'],
    ['settings', 'patcher'],
    ['abort', 'stopper'],
    ['reset', 'resetter'],
    ['deletion', 'deleter'],
    ['deletion', 'restorer'],
  ]);
  expect((await bench.log(fork.row.id))[0]).toMatchObject({ kind: 'fork', by: who('forker') });
});
