import { describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import type { RawLineView, RawPage, RawQuery } from '../../src/engine/raw-page.ts';
import { ArchiveDamaged } from '../../src/ports/raw.ts';
import { LaunchError } from '../../src/ports/hosts.ts';
import { type FakeProcess, plainAgent } from '../../src/testing/index.ts';
import { by, Workbench } from './workbench.ts';

const whole = { limit: 1000, maxBytes: limits.pageBytes };

async function raw(bench: Workbench, session: string, query: Partial<RawQuery> & { run: string }) {
  return bench.engine.raw(session, { ...whole, ...query });
}

/** All lines of a run, page by page, with the sources of the pages. */
async function allOf(
  bench: Workbench,
  session: string,
  query: Partial<RawQuery> & { run: string },
): Promise<{ lines: readonly RawLineView[]; sources: readonly string[] }> {
  const lines: RawLineView[] = [];
  const sources: string[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const more: { cursor?: string } = cursor === undefined ? {} : { cursor };
    const page: RawPage = await raw(bench, session, { ...query, ...more });
    lines.push(...page.lines);
    sources.push(page.source);
    cursor = page.next;
  }
  return { lines, sources };
}

async function runsOf(bench: Workbench, session: string): Promise<readonly string[]> {
  return (await bench.of(session, 'run_started')).map(({ runId }) => runId!);
}

const told = ({ direction, text, entries }: RawLineView): string => {
  const { type } = JSON.parse(text) as { type: string };
  const kinds = entries.map(({ kind }) => kind).join(' ');
  return `${direction === 'in' ? '→' : '←'} ${type}${kinds === '' ? '' : `: ${kinds}`}`;
};

/** Two runs in one host, the first with a question. */
async function talk(): Promise<{ bench: Workbench; session: string; runs: readonly string[] }> {
  const bench = await Workbench.open({
    play: async (turn) => {
      turn.say('one ');
      if (turn.text === 'ask') turn.say((await turn.ask('may I')) ?? 'no');
      turn.say('two');
    },
  });
  const session = await bench.session('ask');
  const watch = await bench.watch(session);
  const { id: approval } = await watch.entry('approval');
  bench.clock.advance(5);
  await bench.engine.approvals.decide(session, { approval, choice: { verdict: 'allow' } }, by);
  await watch.entry('run_ended');
  bench.clock.advance(5);
  await bench.send(session, 'again');
  await watch.entry('run_ended', () => true, 2);
  return { bench, session, runs: await runsOf(bench, session) };
}

/** The session's host ends by itself, and what is to be kept of it is kept. */
async function endHost(bench: Workbench, session: string): Promise<FakeProcess> {
  const watch = await bench.watch(session);
  const process = bench.hosts.alive[0]!;
  process.exit(0);
  await watch.entry(
    'host',
    ({ data }) => data.state === 'ended' && data.host === process.spec.host,
  );
  await bench.engine.archived();
  return process;
}

describe('the lines of a run', () => {
  test('L10: come in order, both ways, with the entries that they became', async () => {
    const { bench, session, runs } = await talk();
    const first = await raw(bench, session, { run: runs[0]! });
    expect(first.source).toBe('live');
    expect(first.next).toBeNull();
    expect(first.lines.map(told)).toEqual([
      '→ open: host',
      '← opened: host',
      '→ prompt: prompt',
      '← text: delivery message',
      '← approval: approval',
      '→ answer_approval: decision',
      '← text',
      '← text',
      '← turn_ended: run_ended',
    ]);
    const second = await raw(bench, session, { run: runs[1]! });
    expect(second.lines.map(told)).toEqual([
      '→ prompt: prompt',
      '← text: delivery message',
      '← text',
      '← turn_ended: run_ended',
    ]);
    await bench.engine.shutdown('stop');
  });

  test('L10: are the bytes of the files, and each entry is told with the line that its id names', async () => {
    const { bench, session, runs } = await talk();
    const process = bench.hosts.alive[0]!;
    const files = { out: process.spool, in: process.input };
    const lines: RawLineView[] = [];
    for (const run of runs) lines.push(...(await raw(bench, session, { run })).lines);
    for (const direction of ['in', 'out'] as const) {
      const texts = lines.filter((line) => line.direction === direction).map(({ text }) => text);
      expect(texts.map((text) => `${text}\n`).join('')).toBe(
        new TextDecoder().decode(files[direction]),
      );
    }
    const log = await bench.log(session);
    for (const { entries, direction, host, from } of lines) {
      for (const { seq, id, kind } of entries) {
        expect(log[seq - 1]).toMatchObject({ seq, id, kind });
        if (direction === 'out')
          expect(id).toContain(`${host}-${from.toString(36).padStart(7, '0')}`);
      }
    }
    const named = lines.flatMap(({ entries, direction }) => (direction === 'out' ? entries : []));
    const ofAgent = log.filter(({ by: author, runId }) => author.type === 'agent' && runId);
    expect(new Set(named.map(({ id }) => id))).toEqual(new Set(ofAgent.map(({ id }) => id)));
    await bench.engine.shutdown('stop');
  });

  test('L6 L10: are the same in pages of any size, and in one direction', async () => {
    const { bench, session, runs } = await talk();
    for (const run of runs) {
      const { lines } = await raw(bench, session, { run });
      for (const bounds of [{ limit: 1 }, { limit: 2 }, { limit: 3 }, { maxBytes: 1024 }]) {
        expect((await allOf(bench, session, { run, ...bounds })).lines).toEqual(lines);
      }
      for (const direction of ['in', 'out'] as const) {
        const one = await allOf(bench, session, { run, direction, limit: 1 });
        const places = ({ from, to, text }: RawLineView): object => ({ from, to, text });
        expect(one.lines.map(places)).toEqual(
          lines.filter((line) => line.direction === direction).map(places),
        );
      }
    }
    await bench.engine.shutdown('stop');
  });

  test('L10: have times that never go back, exact ones for what was sent', async () => {
    const { bench, session, runs } = await talk();
    const log = await bench.log(session);
    for (const run of runs) {
      const { lines } = await raw(bench, session, { run });
      const times = lines.map(({ at }) => at);
      expect(times.every((at, n) => n === 0 || times[n - 1]! <= at!)).toBe(true);
      expect(times.at(-1)).toBe(log.find((e) => e.kind === 'run_ended' && e.runId === run)!.at);
      for (const { direction, at, entries } of lines) {
        if (direction === 'in') expect(at! >= log[entries[0]!.seq - 1]!.at).toBe(true);
      }
    }
    await bench.engine.shutdown('stop');
  });

  test('L10: of a run that goes on are those that are there, and the next page is not known yet', async () => {
    const going = Promise.withResolvers<void>();
    const bench = await Workbench.open({
      play: async (turn) => {
        turn.say('one ');
        turn.print({ type: 'notice', code: 'c', text: 'told' });
        turn.process.write(new TextEncoder().encode('{"type":"te'));
        await going.promise;
        turn.process.write(new TextEncoder().encode('xt","m":"x","part":"text","delta":"y"}\n'));
      },
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('notice');
    const [run = ''] = await runsOf(bench, session);
    const page = await raw(bench, session, { run });
    expect(page).toMatchObject({ source: 'live', next: null });
    expect(page.lines.map(told).slice(3)).toEqual(['← text: delivery', '← notice: notice']);
    going.resolve();
    await watch.entry('run_ended');
    const after = await raw(bench, session, { run });
    expect(after.lines.map(told).slice(3)).toEqual([
      '← text: delivery message',
      '← notice: notice',
      '← text: message',
      '← turn_ended: run_ended',
    ]);
    await bench.engine.shutdown('stop');
  });

  test('L10: over 64 MiB are cut and end where they end; what is no UTF-8 comes as bytes, too', async () => {
    const long = new Uint8Array(65 * 1024 * 1024).fill(0x61);
    // A character of two bytes lies across the cut.
    long.set(new TextEncoder().encode('é'), limits.rawLineBytes - 1);
    const odd = Uint8Array.from([0x22, 0xff, 0xfe, 0x22]);
    const bench = await Workbench.open({
      play: (turn) => {
        turn.process.write(long);
        turn.process.write(Uint8Array.from([0x0a, ...odd, 0x0a, 0x0a]));
      },
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    const [run = ''] = await runsOf(bench, session);
    const { lines } = await raw(bench, session, { run, direction: 'out' });
    const [, first, second, empty] = lines;
    expect(first).toMatchObject({ cut: true, to: first!.from + long.length + 1 });
    expect(first!.text).toBe('a'.repeat(limits.rawLineBytes - 1));
    expect(first!.base64).toBeUndefined();
    expect(first!.entries).toMatchObject([{ kind: 'unrecognized' }]);
    expect(second).toMatchObject({ from: first!.to, base64: btoa('\x22\xff\xfe\x22') });
    expect(empty).toMatchObject({ from: second!.to, to: second!.to + 1, text: '', entries: [] });
    await bench.engine.shutdown('stop');
  });

  test('L10: of a run that needed two hosts are those of both', async () => {
    const opens = [() => undefined, undefined];
    const bench = await Workbench.open({
      agent: () => {
        const onOpen = opens.shift();
        return plainAgent((turn) => turn.say('hello'), onOpen === undefined ? {} : { onOpen });
      },
    });
    // The second run begins in a host that is not open yet and never will be.
    const session = await bench.session('one');
    const watch = await bench.watch(session);
    await bench.abort(session);
    await bench.send(session, 'two');
    const [first] = bench.hosts.alive;
    first!.print('{"type":"notice","code":"c","text":"of the first"}');
    await watch.entry('notice');
    first!.exit(1);
    await watch.entry('run_ended', () => true, 2);
    await bench.engine.archived();
    const [, run = ''] = await runsOf(bench, session);
    const { lines, sources } = await allOf(bench, session, { run });
    expect(sources).toEqual(['here', 'live']);
    const hosts = bench.hosts.launched;
    expect(lines.map((line) => `${hosts.indexOf(line.host)} ${told(line)}`)).toEqual([
      '0 ← notice: notice',
      '1 → open: host',
      '1 ← opened: host',
      '1 → prompt: prompt',
      '1 ← text: delivery message',
      '1 ← turn_ended: run_ended',
    ]);
    expect((await allOf(bench, session, { run, limit: 1 })).lines).toEqual(lines);
    await bench.engine.shutdown('stop');
  });

  test('L10: of a run that begins with the end of a host are those of the next host alone', async () => {
    const bench = await Workbench.open({
      play: (turn) => (turn.text === 'stuck' ? new Promise(() => undefined) : turn.say('hello')),
    });
    const session = await bench.session('stuck');
    const watch = await bench.watch(session);
    await watch.entry('host', ({ data }) => data.state === 'opened');
    const gate = Promise.withResolvers<void>();
    bench.hosts.before = ({ name }) => (name === 'sweep' ? gate.promise : undefined);
    const aborted = bench.abort(session, { force: true });
    await watch.entry('abort');
    await bench.send(session, 'next');
    gate.resolve();
    await aborted;
    await watch.entry('run_ended', () => true, 2);
    const [, run = ''] = await runsOf(bench, session);
    const spans = await bench.store.runSpans(session, run);
    expect(spans.map(({ host }) => host)).toEqual(bench.hosts.launched.slice(1));
    await bench.engine.shutdown('stop');
  });

  test('L10: of a run whose launch failed there are none', async () => {
    const bench = await Workbench.open({
      agent: () => {
        throw new LaunchError('missing-program', 'There is no such program.');
      },
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    await bench.engine.archived();
    const [run = ''] = await runsOf(bench, session);
    expect(await raw(bench, session, { run })).toEqual({ lines: [], next: null, source: 'here' });
  });

  test('L10: of a turn that the agent begins by itself begin with the line that begins it', async () => {
    const bench = await Workbench.open({ play: (turn) => turn.say('hello') });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    const agent = bench.hosts.alive[0]!;
    agent.print('{"type":"notice","code":"c","text":"between"}');
    agent.print('{"type":"turn_started"}');
    agent.print('{"type":"text","m":"own","part":"text","delta":"by myself"}');
    agent.print('{"type":"turn_ended","outcome":"completed"}');
    await watch.entry('run_ended', () => true, 2);
    const [, run = ''] = await runsOf(bench, session);
    expect((await raw(bench, session, { run })).lines.map(told)).toEqual([
      '← turn_started: run_started',
      '← text: message',
      '← turn_ended: run_ended',
    ]);
    await bench.engine.shutdown('stop');
  });

  test('S5: a run that is not there and a cursor of somewhere else are refused', async () => {
    const { bench, session, runs } = await talk();
    await expect(raw(bench, session, { run: 'none' })).rejects.toMatchObject({
      refusal: { code: 'not_found', field: 'run' },
    });
    for (const cursor of ['', 'x', '7', '-1', '0.1', '0.1.2.3', '1e3', ' 0']) {
      await expect(raw(bench, session, { run: runs[0]!, cursor })).rejects.toMatchObject({
        refusal: { code: 'invalid', field: 'cursor' },
      });
    }
    await bench.engine.shutdown('stop');
  });
});

describe('after the end of the host', () => {
  test('L10: the lines are the same, from the archive, also for the next daemon', async () => {
    const { bench, session, runs } = await talk();
    const before = await Promise.all(runs.map((run) => raw(bench, session, { run })));
    const { spec } = await endHost(bench, session);
    expect([...bench.hosts.kept.keys()]).toEqual([spec.host]);
    expect(bench.hosts.processes.has(spec.host)).toBe(false);
    expect(await bench.store.inputMarks(spec.host, 0, 9)).toEqual([]);
    await bench.boot();
    for (const [at, run] of runs.entries()) {
      const after = await raw(bench, session, { run });
      expect(after).toEqual({ ...before[at], source: 'here' });
      expect((await allOf(bench, session, { run, limit: 1 })).lines).toEqual(after.lines);
    }
  });

  test('L10: they are told as lost where they could not be kept; no session waits for that', async () => {
    const { bench, session, runs } = await talk();
    bench.hosts.archive = async () => {
      throw new Error('no space left');
    };
    const { spec } = await endHost(bench, session);
    expect(bench.hosts.processes.has(spec.host)).toBe(false);
    expect(bench.logged).toContainEqual({
      event: 'host.archive',
      data: { host: spec.host, message: 'Error: no space left', lost: true },
    });
    expect(await raw(bench, session, { run: runs[0]! })).toEqual({
      lines: [],
      next: null,
      source: 'lost',
    });
    await bench.send(session, 'again');
    const watch = await bench.watch(session);
    await watch.entry('run_ended', () => true, 3);
    const run = (await runsOf(bench, session)).at(-1)!;
    expect((await raw(bench, session, { run })).source).toBe('live');
    await bench.engine.shutdown('stop');
  });

  test('L10: the next host works while the archive of the last one is being made', async () => {
    const { bench, session } = await talk();
    const made = Promise.withResolvers<void>();
    const archive = bench.hosts.archive.bind(bench.hosts);
    bench.hosts.archive = async (...given) => {
      await made.promise;
      return archive(...given);
    };
    const watch = await bench.watch(session);
    bench.hosts.alive[0]!.exit(0);
    await watch.entry('host', ({ data }) => data.state === 'ended');
    const [run = ''] = await runsOf(bench, session);
    expect(await raw(bench, session, { run })).toMatchObject({ source: 'here' });
    await bench.send(session, 'again');
    await watch.entry('run_ended', () => true, 3);
    made.resolve();
    await bench.engine.archived();
    expect((await raw(bench, session, { run })).lines).toHaveLength(9);
    await bench.engine.shutdown('stop');
  });

  test('L10: a damaged or missing archive is lost, and its run can still be read', async () => {
    const { bench, session, runs } = await talk();
    const { spec } = await endHost(bench, session);
    const lost = { lines: [], next: null, source: 'lost' };
    const archived = bench.hosts.archived.bind(bench.hosts);
    bench.hosts.archived = async (host) => {
      const archive = (await archived(host))!;
      const read = async (): Promise<never> => {
        throw new ArchiveDamaged('a block has another check sum');
      };
      return { ...archive, read };
    };
    expect(await raw(bench, session, { run: runs[0]! })).toEqual(lost);
    expect(bench.logged.at(-1)).toMatchObject({ event: 'archive.damaged' });
    bench.hosts.archived = archived;
    bench.hosts.kept.delete(spec.host);
    expect(await raw(bench, session, { run: runs[0]! })).toEqual(lost);
    expect((await bench.log(session)).length).toBeGreaterThan(10);
  });

  test('L10 L9: a store that takes nothing for a while is waited for, and nothing is lost', async () => {
    const { bench, session, runs } = await talk();
    const settleHost = bench.store.settleHost.bind(bench.store);
    let away = true;
    bench.store.settleHost = async (...given) => {
      if (away) throw new Error('full');
      return settleHost(...given);
    };
    const process = bench.hosts.alive[0]!;
    const watch = await bench.watch(session);
    const retry = bench.clock.armed(1000);
    process.exit(0);
    await watch.entry('host', ({ data }) => data.state === 'ended');
    await retry;
    expect(bench.hosts.processes.has(process.spec.host)).toBe(true);
    expect((await raw(bench, session, { run: runs[0]! })).lines).toHaveLength(9);
    away = false;
    bench.clock.advance(1000);
    await bench.engine.archived();
    expect(bench.hosts.processes.has(process.spec.host)).toBe(false);
    expect((await raw(bench, session, { run: runs[0]! })).lines).toHaveLength(9);
  });

  test('L7 L10: of a session that is purged while its host is being archived nothing is kept', async () => {
    const { bench, session } = await talk();
    const archive = bench.hosts.archive.bind(bench.hosts);
    const asked = Promise.withResolvers<void>();
    const made = Promise.withResolvers<void>();
    bench.hosts.archive = async (...given) => {
      asked.resolve();
      await made.promise;
      return archive(...given);
    };
    bench.hosts.alive[0]!.exit(0);
    await asked.promise;
    await bench.engine.life.purge(session, by);
    made.resolve();
    await bench.engine.archived();
    expect([bench.hosts.kept.size, bench.hosts.processes.size]).toEqual([0, 0]);
  });

  test('L10: what is too old is expired at the next start and after each archive', async () => {
    const { bench, session, runs } = await talk();
    const { spec } = await endHost(bench, session);
    bench.hosts.kept.get(spec.host)!.at = bench.clock.now();
    bench.clock.advance(limits.archiveMs);
    await bench.boot();
    await bench.engine.archived();
    expect((await raw(bench, session, { run: runs[0]! })).source).toBe('here');
    bench.clock.advance(1);
    await bench.boot();
    await bench.engine.archived();
    expect(bench.hosts.kept.size).toBe(0);
    expect(await raw(bench, session, { run: runs[0]! })).toEqual({
      lines: [],
      next: null,
      source: 'expired',
    });
  });
});
