import { mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Daemon, turnkeep } from './daemon.ts';
import { EventSource } from './event-source.ts';
import { Http } from './http.ts';
import { faultsOf } from './judge.ts';
import { Place, processesOf } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { type Fields, refusal } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

const up = (state: string, ...more: string[]) =>
  turnkeep(['up', '--port', '0', '--state', state, '--json', ...more], place.home);

describe('the installed package', () => {
  test('S3: brings what it needs, and says its version', async () => {
    const installed = path.join(path.dirname(inject('turnkeep')), '..', 'turnkeep');
    const manifest = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8')) as {
      version: string;
    };
    const told = await turnkeep(['--version'], place.home);
    expect(told).toMatchObject({ code: 0, err: '' });
    expect(told.out).toContain(`turnkeep ${manifest.version} `);
    expect(await place.http.call('server.info')).toMatchObject({ version: manifest.version });
  });

  test('S1: prints one line when it serves; the token is only for its user', async () => {
    const { told, url, pid, tokenFile } = place.daemon;
    expect(JSON.parse(told.out)).toMatchObject({ url, pid, tokenFile });
    expect(told.out.trimEnd().split('\n')).toHaveLength(1);
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
    expect((await stat(place.state)).mode & 0o777).toBe(0o700);
    for (const line of told.err.split('\n').filter((text) => text !== '')) JSON.parse(line);
  });

  test('R1: a second one on the same state directory finds the first, at once many times', async () => {
    const { url, pid, tokenFile } = place.daemon;
    const all = await Promise.all([up(place.state), up(place.state), up(place.state)]);
    for (const { code, out } of all) {
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ url, pid, tokenFile });
    }
  });

  test('R1: of several that are started at once on a new directory one serves, and none is beside it', async () => {
    const home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-starts-')));
    const state = path.join(home, 'state');
    const starts = Array.from({ length: 4 }, () => Daemon.start(state));
    const all = await Promise.allSettled(starts);
    const serving = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(new Set(serving.map(({ pid }) => pid)).size).toBe(1);
    for (const one of all) {
      if (one.status === 'rejected') expect(String(one.reason)).toMatch(/turnkeep: \S.*/);
    }
    const [daemon] = serving;
    const http = new Http(daemon!.url, daemon!.token);
    expect(await http.call('server.info')).toMatchObject({ pid: daemon!.pid });
    await http.call('server.shutdown', { mode: 'stop' });
    http.close();
    await Promise.all(serving.map((one) => one.exited()));
    expect(await processesOf(home)).toEqual([]);
    await rm(home, { recursive: true });
  });

  test('S2: a port that is taken is said, and nothing stays behind', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const state = path.join(place.home, 'taken');
    const words = ['up', '--port', String(port), '--state', state, '--json'];
    const told = await turnkeep(words, place.home);
    expect(told.code).not.toBe(0);
    expect(told.out).toBe('');
    expect(told.err).toContain(String(port));
    server.close();
    const again = await Daemon.start(state);
    await again.signal('SIGINT');
    expect(await processesOf(state)).toEqual([]);
  });

  test('S1: two daemons know nothing of each other', async () => {
    const other = await Place.open();
    expect(other.daemon.url).not.toBe(place.daemon.url);
    const { id: session } = await other.session();
    const refused = await refusal(place.http.call('sessions.get', { session }));
    expect(refused.code).toBe('not_found');
    const stranger = new Http(place.daemon.url, other.daemon.token);
    const denied = await refusal(stranger.call('server.info'));
    expect(denied.code).toBe('unauthenticated');
    stranger.close();
    await other.close();
  });

  test('S2: serves many requests on one connection', async () => {
    const http = new Http(place.daemon.url, place.daemon.token);
    const sockets = new Set<unknown>();
    http.agent.maxSockets = 1;
    http.agent.on('free', (socket) => sockets.add(socket));
    for (let at = 0; at < 50; at++) {
      const { headers } = await http.get('/v1/health');
      expect(headers.connection).toBe('keep-alive');
      await http.call('sessions.list', { limit: 1 });
    }
    expect(sockets.size).toBe(1);
    http.close();
  });

  test('R8 R7: SIGTERM leaves the runs working for the next daemon, SIGINT ends them', async () => {
    const other = await Place.open();
    const { id: session } = await other.session({ model: 'steady' });
    const content = '[[long 3000]] [[say finished]]';
    const sent = await other.http.call('sessions.send', { session, content });
    const follower = await other.follow(session);
    await follower.untilText();
    await other.daemon.signal('SIGTERM');
    expect(other.daemon.told.err).toMatch(/leav|work/);
    await other.restarted();
    const row = await other.watcher.rest(session);
    expect(row).toMatchObject({ lastMessage: 'finished', lastRun: { outcome: 'completed' } });
    await other.http.call('sessions.send', { session, content: '[[say on]] [[hang]]' });
    const next = await other.follow(session);
    await next.until('delivery', ({ kind, runId }) => kind === 'delivery' && runId !== sent.run);
    await other.daemon.signal('SIGINT');
    const left = (await processesOf(other.home)).filter((line) => line.includes('scripted'));
    expect(left).toEqual([]);
    await other.restarted();
    expect(await other.watcher.rest(session)).toMatchObject({ lastRun: { outcome: 'cancelled' } });
    expect(faultsOf(await other.log(session))).toEqual([]);
    await other.close();
  });
});

describe('server.info', () => {
  test('S5: tells limits, operations and what the start found', async () => {
    const info = await place.socket.call('server.info');
    expect(info).toMatchObject({ pid: place.daemon.pid, start: { lost: 0, setAside: [] } });
    expect(info.limits['queueItems']).toBe(200);
    const described = await place.http.get('/v1/openapi.json');
    const { paths } = JSON.parse(described.text) as { paths: Record<string, Fields> };
    const named = Object.keys(paths).flatMap(
      (name) => /^\/v1\/([a-z]+\.\w+)$/.exec(name)?.[1] ?? [],
    );
    const overHttp = info.operations.filter((name) => !name.startsWith('feeds.'));
    expect(named.toSorted()).toEqual(overHttp.toSorted());
  });

  testRefusals(() => place, 'server.info', [['an input', { all: true }, 'invalid', 'all']]);
});

describe('server.health', () => {
  test('S1: needs no token, and tells nothing else', async () => {
    const stranger = new Http(place.daemon.url, null);
    expect(await stranger.call('server.health')).toEqual({ ok: true });
    const got = await stranger.get('/v1/health');
    expect(got).toMatchObject({ status: 200, text: '{"ok":true}' });
    stranger.close();
  });

  testRefusals(() => place, 'server.health', [['an input', { all: true }, 'invalid', 'all']]);
});

describe('server.check', () => {
  test('L9: finds nothing wrong, also while agents write', async () => {
    const { id: session } = await place.session();
    const running = place.run(session, '[[long 30000]]');
    const all = await race(place, 'server.check', [{}, {}, {}], 10);
    for (const answer of sorted(all).answers) expect(answer).toEqual({ faults: [], more: 0 });
    await running;
  });

  testRefusals(() => place, 'server.check', [['an input', { all: true }, 'invalid', 'all']]);
});

describe('server.shutdown', () => {
  test('R8 R5: stop ends all runs and tells how, many at once are told the same, streams end', async () => {
    const other = await Place.open();
    const sessions = [await other.session(), await other.session()];
    for (const { id: session } of sessions) {
      const follower = await other.follow(session);
      await other.http.call('sessions.send', { session, content: '[[say on]] [[hang]]' });
      await follower.until('delivery', ({ kind }) => kind === 'delivery');
    }
    const stream = await EventSource.open(other.http, '/v1/events');
    const stops = Array<Fields>(3).fill({ mode: 'stop' });
    const answers = await Promise.allSettled(
      stops.map((input) => other.http.call('server.shutdown', input)),
    );
    const told = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(told.length).toBeGreaterThan(0);
    expect(told[0]?.runs.map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled']);
    expect(await other.daemon.exited()).toBe(0);
    stream.close();
    expect(await processesOf(other.home)).toEqual([]);
    await other.restarted();
    for (const { id } of sessions) {
      expect(await other.watcher.rest(id)).toMatchObject({ lastRun: { outcome: 'cancelled' } });
      expect(faultsOf(await other.log(id))).toEqual([]);
    }
    await other.close();
  });

  test('R7 R8: killed while it stops, the next daemon finishes what was begun', async () => {
    const other = await Place.open();
    const { id: session } = await other.session();
    for (const instant of [0, 5, 20]) {
      const follower = await other.follow(session);
      const sent = await other.http.call('sessions.send', {
        session,
        content: '[[misbehave ignore-cancel]] [[say on]] [[hang]]',
      });
      await follower.until('delivery', ({ kind, runId }) => {
        return kind === 'delivery' && runId === sent.run;
      });
      const stopped = other.http.call('server.shutdown', { mode: 'stop' }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, instant));
      await other.daemon.kill();
      await stopped;
      await other.restarted();
      await told(other, session);
      expect(faultsOf(await other.log(session))).toEqual([]);
    }
    await other.close();
  });

  const told = async (other: Place, session: string) => {
    await other.http.call('sessions.abort', { session, force: true });
    await other.watcher.rest(session);
  };

  testRefusals(() => place, 'server.shutdown', [
    ['no mode', {}, 'invalid', 'mode'],
    ['a mode that is none', { mode: 'now' }, 'invalid', 'mode'],
  ]);
});
