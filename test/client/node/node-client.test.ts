import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { RefusalError } from '../../../src/client/index.ts';
import { nodeClient, nodeSocket, stateDirectory } from '../../../src/client/node/index.ts';
import { FakeDaemon } from '../fake-daemon.ts';

let state = '';
beforeEach(async () => {
  state = await mkdtemp(path.join(tmpdir(), 'turnkeep-client-'));
});
afterEach(() => rm(state, { recursive: true }));

async function serve(daemon: FakeDaemon): Promise<void> {
  const url = await daemon.listen();
  await writeFile(path.join(state, 'daemon.json'), JSON.stringify({ url, pid: 1 }));
  await writeFile(path.join(state, 'token'), 'secret\n');
}

test('the state directory is named, or where the system has such things', () => {
  expect(stateDirectory({ TURNKEEP_STATE: '/x/y' })).toBe('/x/y');
  expect(stateDirectory({ HOME: '/h', XDG_STATE_HOME: '/s' }, 'linux')).toBe('/s/turnkeep');
  expect(stateDirectory({ HOME: '/h' }, 'linux')).toBe('/h/.local/state/turnkeep');
  expect(stateDirectory({ HOME: '/h' }, 'darwin')).toBe('/h/Library/Application Support/turnkeep');
});

test('a daemon is found by its state directory, with its token', async () => {
  const daemon = new FakeDaemon();
  await serve(daemon);
  const client = await nodeClient({ env: { TURNKEEP_STATE: state } });
  await client.server.info();
  expect(daemon.asked[0]?.headers.authorization).toBe('Bearer secret');
  client.close();
  await daemon.close();
});

test('V1: a daemon that comes back at another port is found there', async () => {
  const first = new FakeDaemon();
  await serve(first);
  const client = await nodeClient({ state, env: {} });
  const feed = client.watch('s', { after: 0 });
  first.act({ type: 'notice' });
  const seqs: number[] = [];
  const second = new FakeDaemon();
  for await (const event of feed) {
    if (event.type === 'entry') seqs.push(event.entry.seq);
    if (event.type === 'state' && event.state === 'live' && seqs.length === 1) {
      second.model.act({ type: 'notice' });
      second.model.act({ type: 'notice' });
      await serve(second);
      await first.close();
    }
    if (seqs.length === 2) break;
  }
  expect(seqs).toEqual([1, 2]);
  client.close();
  await second.close();
});

test('without a daemon or a token the refusal says what is missing', async () => {
  const codeOf = async (run: () => Promise<unknown>) => {
    const error: unknown = await run().catch((one: unknown) => one);
    return error instanceof RefusalError ? error.refusal.code : error;
  };
  expect(await codeOf(() => nodeClient({ state, env: {} }))).toBe('unavailable');
  const client = await nodeClient({ state, url: 'http://127.0.0.1:1', env: {} });
  expect(await codeOf(() => client.server.info())).toBe('unauthenticated');
});

test('calls and sockets reach a daemon by its Unix socket', async () => {
  const socketPath = path.join(state, 'sock');
  const server = createServer((request, response) => {
    response.end(JSON.stringify({ path: request.url, token: request.headers.authorization }));
  });
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    socket.send(`${request.url} ${request.headers.authorization}`);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  await writeFile(path.join(state, 'token'), 'inside');
  const env = { TURNKEEP_SOCKET: socketPath, TURNKEEP_TOKEN_FILE: path.join(state, 'token') };
  const client = await nodeClient({ env });
  expect(await client.server.info()).toEqual({ path: '/v1/server.info', token: 'Bearer inside' });
  const said = Promise.withResolvers<unknown>();
  const socket = nodeSocket(socketPath)('ws://localhost/rpc', { token: 'inside', name: undefined });
  socket.onmessage = ({ data }) => said.resolve(data);
  expect(await said.promise).toBe('/rpc Bearer inside');
  socket.close();
  server.closeAllConnections();
  server.close();
});
