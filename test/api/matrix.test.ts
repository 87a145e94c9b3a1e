import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operationNames, operations } from '../../src/protocol/operations.ts';
import type { Json } from './harness.ts';
import { effectsOn, openWorld, type World } from './matrix-world.ts';

/** What answers at a path: an operation, a feed's name, a GET, a stream, the WebSocket, or nothing at all. */
type Kind = 'operation' | 'feed' | 'get' | 'stream' | 'socket' | 'nothing';

interface Route {
  path: string;
  kind: Kind;
  /** Answered without a token. */
  open: boolean;
  body: string;
}

const axes = {
  method: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'],
  origin: ['absent', 'listed', 'null', 'other site', 'look-alike'],
  host: ['address', 'localhost', 'wrong name', 'rebinding name', 'other port', 'absent'],
  token: ['right', 'absent', 'wrong', 'revoked', 'expired'],
  type: ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'absent'],
} as const;

type Cell = { readonly [Axis in keyof typeof axes]: (typeof axes)[Axis][number] } & {
  route: Route;
};

const listed = 'https://console.example';
const origins: Record<Cell['origin'], string | null> = {
  absent: null,
  listed,
  null: 'null',
  'other site': 'https://evil.example',
  'look-alike': `${listed}.evil.example`,
};
const hosts: Record<Cell['host'], ((port: number) => string) | null> = {
  address: (port) => `127.0.0.1:${port}`,
  localhost: (port) => `localhost:${port}`,
  'wrong name': (port) => `evil.example:${port}`,
  'rebinding name': (port) => `127.0.0.1.evil.example:${port}`,
  'other port': (port) => `127.0.0.1:${port === 65_535 ? 1 : port + 1}`,
  absent: null,
};

let world: World;
let routes: readonly Route[];
let secrets: Record<Cell['token'], string | null>;
let agent: Agent;

beforeAll(async () => {
  world = await openWorld({ origins: [listed] });
  const { harness, inputs } = world;
  const at = new Date(harness.clock.now()).toISOString();
  secrets = {
    right: harness.admin,
    absent: null,
    wrong: `tk_${'A'.repeat(43)}`,
    revoked: (await harness.token(['admin'], { revokedAt: at })).secret,
    expired: (await harness.token(['admin'], { expiresAt: at })).secret,
  };
  routes = [
    // What an upload has as its body is another type; test/api/import.test.ts and test/api/blobs-put.test.ts have its cells.
    ...operationNames
      .filter((name) => operations[name].shape !== 'upload')
      .map((name): Route => ({
        path: `/v1/${name}`,
        kind: operations[name].shape === 'feed' ? 'feed' : 'operation',
        open: name === 'server.health',
        body: JSON.stringify(inputs[name]),
      })),
    { path: '/v1/health', kind: 'get', open: true, body: '' },
    { path: '/v1/events', kind: 'stream', open: false, body: '' },
    { path: '/v1/sessions/s1/events', kind: 'stream', open: false, body: '' },
    { path: '/rpc', kind: 'socket', open: false, body: '' },
    { path: '/acp', kind: 'socket', open: false, body: '' },
    ...['/', '/v1', '/v1/sessions', '/v1/sessions.list/', '/v2/sessions.list', '/v1/Sessions.List']
      .concat('/v1/sessions.lst', '/v1/__proto__', '/v1/sessions/s1', '/rpc/', '/acp/', '/token')
      .map((path): Route => ({ path, kind: 'nothing', open: false, body: '{}' })),
  ];
  agent = new Agent({ keepAlive: true, maxSockets: 4 });
});
afterAll(async () => {
  agent.destroy();
  await world.harness.close();
});

/** Axes on which a cell is not as its route wants it. */
function faultsOf({ route, ...cell }: Cell): readonly string[] {
  const posted = route.kind === 'operation' || route.kind === 'feed' || route.kind === 'nothing';
  const faults = {
    method: cell.method !== (posted ? 'POST' : 'GET'),
    origin: cell.origin !== 'absent' && cell.origin !== 'listed',
    host: cell.host !== 'address' && cell.host !== 'localhost',
    token: cell.token !== 'right' && !route.open,
    type: cell.type !== 'application/json' && posted,
  };
  return Object.entries(faults).flatMap(([axis, fault]) => (fault ? [axis] : []));
}

/** What a cell is answered, `status code`, written down without looking at how the server decides it. */
function oracle(cell: Cell): readonly string[] {
  const { kind } = cell.route;
  const faults = new Set(faultsOf(cell));
  if (faults.has('origin') || faults.has('host')) return ['403 forbidden'];
  if (faults.has('token')) {
    return cell.token === 'absent'
      ? ['401 unauthenticated']
      : ['401 unauthenticated', '429 limited'];
  }
  if (kind === 'nothing') return ['404 not_found'];
  if (faults.has('method')) return kind === 'socket' ? ['426 unsupported'] : ['405 unsupported'];
  if (kind === 'feed') return ['422 unsupported'];
  if (faults.has('type')) return ['415 invalid'];
  return [kind === 'socket' ? '101' : '200'];
}

/** Every cell with at most this many faults: those that are nearest to a right one. */
function cellsOf(route: Route, maxFaults: number): Cell[] {
  const cells = axes.method.flatMap((method) =>
    axes.origin.flatMap((origin) =>
      axes.host.flatMap((host) =>
        axes.token.flatMap((token) =>
          axes.type.map((type): Cell => ({ route, method, origin, host, token, type })),
        ),
      ),
    ),
  );
  return cells.filter((cell) => faultsOf(cell).length <= maxFaults);
}

interface Seen {
  said: string;
  headers: IncomingHttpHeaders;
}

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': Buffer.alloc(16).toString('base64'),
};

function headersOf({ route, ...cell }: Cell): Record<string, string> {
  const host = hosts[cell.host]?.(world.harness.port);
  const origin = origins[cell.origin];
  const secret = secrets[cell.token];
  return {
    ...(host === undefined ? {} : { host }),
    ...(origin === null ? {} : { origin }),
    ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
    ...(cell.type === 'absent' ? {} : { 'content-type': cell.type }),
    ...(route.kind === 'socket' ? upgrade : {}),
  };
}

/** None for methods that have none, and none before a handshake. */
function bodyOf({ route, method }: Cell): string | undefined {
  const posted = ['POST', 'PUT', 'DELETE'].includes(method) && route.kind !== 'socket';
  return posted ? route.body : undefined;
}

/** Asks one cell; a stream or socket that opens is closed again. */
function ask(cell: Cell): Promise<Seen> {
  const { route, method } = cell;
  const body = bodyOf(cell);
  const held = route.kind === 'socket' || route.kind === 'stream';
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port: world.harness.port,
      method,
      path: route.path,
      agent: held ? false : agent,
      setHost: false,
      headers: {
        ...headersOf(cell),
        ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      },
    });
    sent.on('error', reject);
    sent.on('upgrade', ({ headers }, socket) => {
      socket.destroy();
      resolve({ said: '101', headers });
    });
    sent.on('response', (response) => {
      const { statusCode = 0, headers } = response;
      if (statusCode === 200 && route.kind === 'stream') {
        response.on('error', () => undefined).destroy();
        return resolve({ said: '200', headers });
      }
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ said: saidBy(statusCode, text, method), headers }));
    });
    sent.end(body);
  });
}

function saidBy(status: number, text: string, method: string): string {
  if (status < 300) return String(status);
  // The answer to HEAD has no body.
  if (method === 'HEAD') return text === '' ? `${status}` : `${status} with a body`;
  if (!text.startsWith('{')) return `${status} without JSON`;
  const { error } = JSON.parse(text) as Json;
  return `${status} ${/\S/.test(error.message) ? error.code : 'without a message'}`;
}

/** The cells that were not answered as the oracle says, with what was said. */
async function wrongOf(cells: readonly Cell[]): Promise<unknown[]> {
  const wrong: unknown[] = [];
  const waiting = [...cells];
  const walk = async (): Promise<void> => {
    for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
      const { said, headers } = await ask(cell);
      const { method } = cell;
      const fits = oracle(cell).some(
        (each) => (method === 'HEAD' ? each.slice(0, 3) : each) === said,
      );
      const bare = Object.keys(headers).every((name) => !name.startsWith('access-control'));
      if (!fits || !bare)
        wrong.push({ ...cell, route: cell.route.path, said, wanted: oracle(cell) });
    }
  };
  await Promise.all([walk(), walk(), walk(), walk()]);
  return wrong;
}

const isRight = (cell: Cell) => /^(?:200|101)$/.test(oracle(cell)[0] ?? '');

test('S1 S2: of every route x method x Origin x Host x token x content type only the right cells are answered, and no other has an effect', async () => {
  const { harness } = world;
  const cells = routes.flatMap((route) => cellsOf(route, 2));
  const right = cells.filter(isRight);
  const refused = cells.filter((cell) => !isRight(cell));
  const before = await effectsOn(world);
  expect((await wrongOf(refused)).slice(0, 5)).toEqual([]);
  expect(await effectsOn(world)).toEqual(before);
  expect(harness.logged).toEqual([]);
  expect((await wrongOf(right)).slice(0, 5)).toEqual([]);
  // Each right cell of these did what it says, so the silence of the others says something.
  const done = (await effectsOn(world)).slice();
  const times = (path: string) => right.filter(({ route }) => route.path === path).length;
  for (const [path, what] of [
    ['/v1/sessions.abort', 'abort'],
    ['/v1/sessions.create', 'create'],
    ['/v1/approvals.decide', 'decide'],
    ['/v1/server.shutdown', 'shutdown'],
    ['/v1/events', 'feed of the list'],
    ['/v1/sessions/s1/events', 'feed of s1'],
  ] as const) {
    expect(times(path)).toBeGreaterThan(0);
    expect([path, done.filter((each) => each === what).length]).toEqual([path, times(path)]);
  }
  expect(new Set(right.map(({ route }) => route.path)).size).toBe(
    routes.filter(({ kind }) => kind !== 'feed' && kind !== 'nothing').length,
  );
  expect(cells.length).toBeGreaterThan(2000);
  process.stdout.write(`access matrix: ${cells.length} cells, ${right.length} of them right\n`);
}, 120_000);

test('S1 S2: on one operation every cell there is, however many faults it has', async () => {
  const route = routes.find(({ path }) => path === '/v1/sessions.abort');
  const refused = cellsOf(route!, 5).filter((cell) => !isRight(cell));
  const before = await effectsOn(world);
  expect((await wrongOf(refused)).slice(0, 5)).toEqual([]);
  expect(await effectsOn(world)).toEqual(before);
  process.stdout.write(`access matrix of one operation: ${refused.length} refused cells\n`);
}, 120_000);
