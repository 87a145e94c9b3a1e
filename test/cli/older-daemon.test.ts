import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const script = path.join(import.meta.dirname, '../../src/cli/main.ts');
let state: string;
let server: Server;
let url: string;
/** What the daemon says of an operation that it has not. */
let refusal: { code: string; message: string; field?: string };

beforeAll(async () => {
  state = await mkdtemp(path.join(tmpdir(), 'turnkeep-older-'));
  server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/v1/server.health') return void response.end('{"ok":true}');
    response.statusCode = 404;
    return void response.end(JSON.stringify({ error: refusal }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const record = { url, pid: process.pid, startedAt: '2026-01-01T00:00:00.000Z', version: '0.0.1' };
  await writeFile(path.join(state, 'daemon.json'), JSON.stringify(record));
  await writeFile(path.join(state, 'token'), `tk_${'a'.repeat(43)}\n`, { mode: 0o600 });
});
afterAll(async () => {
  server.close();
  await rm(state, { recursive: true });
});

async function up(words: readonly string[]) {
  const child = spawn(process.execPath, [script, 'up', '--state', state, ...words], {
    env: { PATH: process.env['PATH'], HOME: state },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told.err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...told };
}

test('S5: beside a daemon that knows of no links `up` tells where it is, and why there is none', async () => {
  refusal = {
    code: 'not_found',
    message: 'There is no operation logins.create.',
    field: 'operation',
  };
  const shown = await up([]);
  expect(shown).toMatchObject({ code: 0, err: '' });
  expect(shown.out).toContain(`A daemon is already running at ${url} (pid ${process.pid}).`);
  expect(shown.out).toMatch(/Console: no link, .*older version.*turnkeep stop --detach/);
  const json = await up(['--json']);
  expect(json.code).toBe(0);
  expect(JSON.parse(json.out)).toMatchObject({ url, pid: process.pid, console: null });
  expect(json.err).toContain('older version');
  // One that serves no console says so itself; any other refusal is none of these.
  refusal = { code: 'unsupported', message: 'This daemon serves no console.' };
  expect((await up([])).out).toContain('no link, This daemon serves no console.');
  refusal = { code: 'forbidden', message: 'Not you.' };
  expect(await up([])).toMatchObject({ code: 11, out: '' });
});
