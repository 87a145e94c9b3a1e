import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppenderProcess, byWriter, withoutUntold } from './appender-process.ts';
import { LogServer } from './log-server.ts';

let server: LogServer;
let outbox = '';
let running: AppenderProcess | null = null;
beforeEach(async () => {
  server = await LogServer.open();
  outbox = await mkdtemp(path.join(tmpdir(), 'turnkeep-outbox-'));
});
afterEach(async () => {
  await running?.kill();
  running = null;
  await server.close();
  await rm(outbox, { recursive: true });
});

test('L1 L3: a process killed in the middle loses nothing that it has accepted, and sends nothing twice', async () => {
  const to = 300;
  const task = { url: server.url, token: 'secret', outbox, session: 's', who: 'one', to };
  // Answers are lost and refused all the time, so that there is always something on the way.
  server.faults = Array.from({ length: 400 }, (_, at) => (at % 3 === 0 ? 'lose' : 'right'));
  let from = 0;
  const anew: number[] = [];
  for (const stop of [7, 40, 90, 91, 150, 230]) {
    running = new AppenderProcess({ ...task, from });
    await running.reaches(stop);
    await running.kill();
    from = running.accepted + 1;
    anew.push(from);
  }
  running = new AppenderProcess({ ...task, from });
  await running.ended();
  expect(running.errors).toBe('');
  expect(running.end?.waiting).toEqual([]);
  const { one } = byWriter(server.logs.get('s')!.map(({ text }) => text));
  expect(withoutUntold(one, anew)).toEqual(Array.from({ length: to }, (_, at) => at));
  expect((await readdir(outbox)).filter((file) => file.endsWith('.jsonl'))).toEqual([]);
}, 60_000);
