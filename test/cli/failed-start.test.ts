import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'turnkeep-start-'));
});
afterEach(() => rm(state, { recursive: true, force: true }));

/** Types a command; resolves when its process is gone, which for these is soon. */
async function typed(...words: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [cli, ...words, '--state', state], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

async function takenPort(): Promise<{ port: string; free: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: String((server.address() as AddressInfo).port), free: () => server.close() };
}

test('a daemon that cannot listen ends, says why, and lets go of its state', async () => {
  const { port, free } = await takenPort();
  const front = await typed('up', '--port', port);
  expect(front.code).not.toBe(0);
  expect(front.said).toContain(`Port ${port} is taken`);
  const back = await typed('up', '--detach', '--port', port);
  expect(back.code).not.toBe(0);
  expect(back.said).toContain(`Port ${port} is taken`);
  free();
  const good = await typed('up', '--detach');
  expect(good, good.said).toMatchObject({ code: 0 });
  expect((await typed('stop')).code).toBe(0);
});

test('S1: a background start passes on why there is none', async () => {
  await chmod(state, 0o755);
  const { code, said } = await typed('run', 'hello');
  expect(code).not.toBe(0);
  expect(said).toContain('chmod 700');
  expect(said).not.toContain('turnkeep up');
});

test('an agent that nobody has is refused at the start', async () => {
  const { code, said } = await typed('up', '--agent', 'nope');
  expect(code).not.toBe(0);
  expect(said).toContain('There is no agent nope: choose one of scripted');
});
