import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';

const publicUrl = 'https://box.example';
let state: string;
let daemon: Daemon;
let port: string;

beforeAll(async () => {
  state = await mkdtemp(path.join(tmpdir(), 'turnkeep-console-'));
  daemon = await startDaemon({ state, publicUrl, log: () => undefined });
  ({ port } = new URL(daemon.url));
});
afterAll(async () => {
  await daemon.shutdown('stop');
  await rm(state, { recursive: true });
});

interface Asked {
  host: string;
  origin?: string;
  cookie?: string;
  page?: string;
  path: string;
  body: object;
}

function ask({ host, origin, cookie, page, path: at, body }: Asked) {
  const headers = {
    host,
    'content-type': 'application/json',
    ...(origin === undefined ? {} : { origin }),
    ...(cookie === undefined ? {} : { cookie }),
    ...(page === undefined ? {} : { 'x-turnkeep-page': page }),
  };
  return new Promise<{ status: number; cookie: string; text: string }>((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, method: 'POST', path: at, headers },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        const [set = ''] = answer.headers['set-cookie'] ?? [];
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, cookie: set, text }));
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

/** Logs in where the page is from, and answers what a call of it is told. */
async function enter(host: string, origin: string) {
  const { code } = daemon.login();
  const login = await ask({ host, origin, path: '/login', body: { code } });
  if (login.status !== 200) return { status: login.status, cookie: '' };
  const { page } = JSON.parse(login.text) as { page: string };
  const cookie = login.cookie.split(';')[0]!;
  const { status } = await ask({ host, origin, cookie, page, path: '/v1/server.info', body: {} });
  return { status, cookie: login.cookie };
}

test('S2 S1: pages ask from the very Host that they are from, and from the public address', async () => {
  const own = `127.0.0.1:${port}`;
  expect(await enter(own, `http://${own}`)).toMatchObject({ status: 200 });
  const local = await enter(`localhost:${port}`, `http://localhost:${port}`);
  expect(local.cookie).toMatch(new RegExp(`^turnkeep-${port}=.*; HttpOnly; SameSite=Strict$`));
  const far = await enter('box.example', publicUrl);
  expect(far.cookie).toMatch(
    /^__Host-turnkeep-443=.*; Path=\/.*; HttpOnly; SameSite=Strict; Secure$/,
  );
  // A proxy may ask under our own name.
  expect(await enter(own, publicUrl)).toMatchObject({ status: 200 });
});

test('S2: a page of another origin logs nobody in, also not one of another program at the same port', async () => {
  const own = `127.0.0.1:${port}`;
  for (const [host, origin] of [
    [own, `http://localhost:${port}`],
    [`localhost:${port}`, `http://127.0.0.1:${port}`],
    [own, `https://${own}`],
    [own, 'http://127.0.0.1:1'],
    [own, 'https://box.example.evil.example'],
    [own, 'http://box.example'],
    [own, 'null'],
    ['evil.example', 'https://evil.example'],
    ['evil.example', publicUrl],
  ] as const) {
    expect([host, origin, (await enter(host, origin)).status]).toEqual([host, origin, 403]);
  }
  const { code } = daemon.login();
  expect((await ask({ host: own, path: '/login', body: { code } })).status).toBe(403);
});

test('S1: a link tells its code behind #, and no file or log of the daemon has it', async () => {
  const { code, origin } = daemon.login();
  expect(origin).toBe(publicUrl);
  expect(code).toMatch(/^[a-z0-9]{6}\.[A-Za-z0-9_-]{22}$/);
  const own = `127.0.0.1:${port}`;
  const login = await ask({ host: own, origin: `http://${own}`, path: '/login', body: { code } });
  const halves = [
    login.cookie.split(/[=;]/)[1]!,
    (JSON.parse(login.text) as { page: string }).page,
  ];
  for (const file of ['turnkeep.db', 'turnkeep.db-wal', 'daemon.json']) {
    const bytes = await readFile(path.join(state, file)).catch(() => Buffer.alloc(0));
    for (const secret of [code.split('.')[1]!, ...halves]) {
      expect([file, bytes.includes(secret)]).toEqual([file, false]);
    }
  }
});
