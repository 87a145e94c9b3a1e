import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startDaemon } from '../../src/app/daemon.ts';

async function stateDirectory(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'turnkeep-port-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return join(root, 'state');
}

/** Serves once, and says where. */
async function served(state: string, port?: number): Promise<string> {
  const log = () => undefined;
  const daemon = await startDaemon({ state, log, ...(port === undefined ? {} : { port }) });
  await daemon.shutdown('stop');
  return daemon.url;
}

test('S2: a daemon is at the address of the one before it, so that pages and logins last', async () => {
  const state = await stateDirectory();
  const first = await served(state);
  expect(await served(state)).toBe(first);
  const other = await served(state, 0);
  expect(await served(state)).toBe(other);
});

test('S2: a port that something else has by now, or that is none, is not waited for', async () => {
  const state = await stateDirectory();
  const first = await served(state);
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen({ host: '127.0.0.1', port: Number(new URL(first).port) });
  await once(server, 'listening');
  const second = await served(state);
  expect(second).not.toBe(first);
  expect(await readFile(join(state, 'port'), 'utf8')).toBe(`${new URL(second).port}\n`);
  await writeFile(join(state, 'port'), 'no port');
  expect(new URL(await served(state)).hostname).toBe('127.0.0.1');
});
