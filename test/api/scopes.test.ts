import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { demandFields, nobody, type Caller } from '../../src/api/caller.ts';
import { operation } from '../../src/protocol/operation.ts';
import { operationNames, operations, type OperationName } from '../../src/protocol/operations.ts';
import type { Scope } from '../../src/protocol/scope.ts';
import { EventReader } from './event-reader.ts';
import type { Json, Rpc } from './harness.ts';
import { openWorld, type World } from './matrix-world.ts';

/** What a token of one single scope may ask for. A new operation needs a row here. */
const table = `
  operation           nothing  view  drive  approve  manage  admin  inside
  agents.list            -      x      x       x       x       x      x
  agents.probe           -      -      x       -       x       x      x
  approvals.decide       -      -      -       x       -       x      -
  approvals.list         -      x      x       x       x       x      x
  approvals.request      -      -      x       -       x       x      x
  blobs.get              -      x      x       x       x       x      x
  blobs.put              -      -      x       -       x       x      x
  budgets.get            -      x      x       x       x       x      x
  budgets.set            -      -      -       -       -       x      -
  feeds.close            -      x      x       x       x       x      x
  feeds.open             -      x      x       x       x       x      x
  files.find             -      -      x       -       x       x      x
  hooks.list             -      -      -       -       -       x      -
  hooks.test             -      -      -       -       -       x      -
  logins.create          -      -      -       -       -       x      -
  logins.list            -      x      x       x       x       x      x
  moves.activate         -      -      -       -       -       x      -
  moves.begin            -      -      -       -       -       x      -
  moves.cancel           -      -      -       -       x       x      -
  moves.list             -      x      x       x       x       x      x
  moves.offer            -      -      -       -       x       x      -
  moves.withdraw         -      -      -       -       -       x      -
  policy.get             -      x      x       x       x       x      x
  policy.set             -      -      -       -       -       x      -
  policy.test            -      x      x       x       x       x      x
  prices.get             -      x      x       x       x       x      x
  queue.edit             -      -      x       -       x       x      x
  queue.list             -      x      x       x       x       x      x
  queue.move             -      -      x       -       x       x      x
  queue.release          -      -      x       -       x       x      x
  queue.withdraw         -      -      x       -       x       x      x
  runs.get               -      x      x       x       x       x      x
  runs.list              -      x      x       x       x       x      x
  runs.raw               -      -      -       -       x       x      -
  runs.stopAll           -      -      x       -       x       x      x
  server.check           -      -      -       -       -       x      -
  server.health          x      x      x       x       x       x      x
  server.info            -      x      x       x       x       x      x
  server.shutdown        -      -      -       -       -       x      -
  sessions.abort         -      -      x       -       x       x      x
  sessions.append        -      -      -       -       x       x      -
  sessions.compact       -      -      -       -       x       x      -
  sessions.create        -      -      -       -       x       x      x
  sessions.delete        -      -      -       -       x       x      -
  sessions.export        -      x      x       x       x       x      x
  sessions.fork          -      -      -       -       x       x      -
  sessions.get           -      x      x       x       x       x      x
  sessions.history       -      x      x       x       x       x      x
  sessions.import        -      -      -       -       x       x      -
  sessions.list          -      x      x       x       x       x      x
  sessions.patch         -      -      -       -       x       x      -
  sessions.preview       -      x      x       x       x       x      x
  sessions.reset         -      -      -       -       x       x      -
  sessions.resolve       -      x      x       x       x       x      x
  sessions.restore       -      -      -       -       x       x      -
  sessions.send          -      -      x       -       x       x      x
  sessions.steer         -      -      x       -       x       x      x
  sessions.takeOver      -      -      -       -       x       x      -
  snapshots.diff         -      x      x       x       x       x      x
  snapshots.get          -      x      x       x       x       x      x
  snapshots.list         -      x      x       x       x       x      x
  snapshots.restore      -      -      x       -       x       x      -
  tokens.create          -      -      -       -       -       x      -
  tokens.list            -      -      -       -       -       x      -
  tokens.revoke          -      -      -       -       -       x      -
  usage.summary          -      x      x       x       x       x      x
`;

const [head = [], ...rows] = table
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));
const columns = head.slice(1) as readonly (Scope | 'nothing')[];
const allowed = new Map(
  rows.map(([name, ...cells]) => [name, columns.filter((_, at) => cells[at] === 'x')]),
);

function isAllowed(name: OperationName, scope: Scope | 'nothing'): boolean {
  return allowed.get(name)?.includes(scope) === true;
}

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.harness.close());

/** Tokens from inside a host are bound to its session; all others here see everything. */
async function tokenOf(scope: Scope | 'nothing'): Promise<string> {
  const bound = scope === 'inside' ? { sessions: ['s1'] } : {};
  const { secret } = await world.harness.token(scope === 'nothing' ? [] : [scope], bound);
  return secret;
}

/** Streams are asked in their own way, and over HTTP alone. */
const isStream = (name: OperationName): boolean =>
  ['download', 'upload'].includes(operations[name].shape);

/** What an operation asked over the WebSocket was told: a code, or that it was answered. */
async function toldBy(socket: Rpc, name: OperationName, input: unknown): Promise<string> {
  const { result, error } = await socket.request(name, input);
  return result === undefined ? error.data.code : 'answered';
}

describe('operation x scope', () => {
  test('S1: the table names every operation once, and nothing else', () => {
    expect(rows.map(([name]) => name)).toEqual(operationNames.toSorted());
    for (const row of rows) expect(row).toHaveLength(columns.length + 1);
  });

  test.each(columns)(
    'S1: a token of the scope %s is let in over HTTP as the table says',
    async (scope) => {
      const token = await tokenOf(scope);
      for (const name of operationNames.filter((each) => !isStream(each))) {
        const input = world.inputs[name];
        const { status, json } = await world.harness.call(name, input, { token });
        // A feed is refused here for its shape, whoever asks.
        const answered = operations[name].shape === 'feed' ? 422 : 200;
        const wanted = isAllowed(name, scope) ? answered : answered === 422 ? 422 : 403;
        expect([scope, name, status]).toEqual([scope, name, wanted]);
        if (status === 403) expect(json.error.code).toBe('forbidden');
      }
    },
  );

  test.each(columns)(
    'S1: a token of the scope %s is let in over WebSocket as the table says',
    async (scope) => {
      const socket = await world.harness.socket(await tokenOf(scope));
      for (const name of operationNames) {
        const told = await toldBy(socket, name, world.inputs[name]);
        const answered = isStream(name) ? 'unsupported' : 'answered';
        const wanted = isAllowed(name, scope) || isStream(name) ? answered : 'forbidden';
        expect([scope, name, told]).toEqual([scope, name, wanted]);
      }
      socket.socket.terminate();
    },
  );

  test.each(columns)(
    'S1: a token of the scope %s exports, imports and puts as the table says',
    async (scope) => {
      const token = await tokenOf(scope);
      const lines = { 'content-type': 'application/x-ndjson' };
      const path = '/v1/sessions.import';
      const imported = await world.harness.ask({ path, token, headers: lines, body: '' });
      // A token from inside a host is bound to its session, and such a one imports nothing.
      const empty = isAllowed('sessions.import', scope) ? 400 : 403;
      expect([scope, imported.status]).toEqual([scope, empty]);
      const exported = await world.harness.ask({
        path: '/v1/sessions.export',
        token,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(world.inputs['sessions.export']),
      });
      const put = await world.harness.ask({
        path: '/v1/blobs.put',
        token,
        headers: { 'content-type': 'application/octet-stream' },
        body: 'bytes',
      });
      expect([scope, put.status]).toEqual([scope, isAllowed('blobs.put', scope) ? 200 : 403]);
      const whole = isAllowed('sessions.export', scope) ? 200 : 403;
      expect([scope, exported.status]).toEqual([scope, whole]);
    },
  );

  test.each(columns)(
    'S1: a token of the scope %s reads event streams as it may look',
    async (scope) => {
      const token = await tokenOf(scope);
      for (const path of ['/v1/events', '/v1/sessions/s1/events']) {
        const stream = await EventReader.open(world.harness, path, { token });
        expect([scope, path, stream.status]).toEqual([
          scope,
          path,
          scope === 'nothing' ? 403 : 200,
        ]);
        stream.stop();
      }
    },
  );

  test('S1: a token from inside a host that holds all other scopes too never decides and never administers', async () => {
    const scopes = ['view', 'drive', 'approve', 'manage', 'admin', 'inside'] as const;
    const { secret } = await world.harness.token(scopes, { sessions: ['s1'] });
    const socket = await world.harness.socket(secret);
    for (const name of operationNames.filter((each) => !isStream(each))) {
      // A fork is no child: it would be guarded by nobody.
      const harmless =
        name !== 'sessions.fork' &&
        name !== 'snapshots.restore' &&
        name !== 'moves.offer' &&
        (isAllowed(name, 'view') || isAllowed(name, 'drive') || isAllowed(name, 'manage'));
      const told = await toldBy(socket, name, world.inputs[name]);
      expect([name, told]).toEqual([name, harmless ? 'answered' : 'forbidden']);
    }
    socket.socket.terminate();
  });
});

test('S1: a field that carries a scope of its own is given only with it', () => {
  const made = operation({
    name: 'things.change',
    summary: 'Made up.',
    scope: 'manage',
    shape: 'unary',
    input: z.strictObject({ title: z.string(), policy: z.string(), env: z.string() }).partial(),
    output: z.object({}),
    fields: { policy: 'approve', env: 'admin' },
  });
  const callerWith = (scopes: readonly Scope[], sessions: readonly string[] | null = null) => ({
    ...nobody,
    scopes,
    sessions,
    inside: scopes.includes('inside'),
  });
  const refusedFields = (caller: Caller) =>
    (['title', 'policy', 'env'] as const).filter((field) => {
      try {
        demandFields(caller, made, made.input.parse({ [field]: 'x' }));
        return false;
      } catch (error) {
        expect(error).toMatchObject({ refusal: { code: 'forbidden', field } });
        return true;
      }
    });
  expect(refusedFields(callerWith(['manage']))).toEqual(['policy', 'env']);
  expect(refusedFields(callerWith(['manage', 'approve']))).toEqual(['env']);
  expect(refusedFields(callerWith(['admin']))).toEqual([]);
  expect(refusedFields(callerWith(['admin'], ['s1']))).toEqual(['env']);
  expect(refusedFields(callerWith(['admin', 'inside'], ['s1']))).toEqual(['policy', 'env']);
  expect(() => demandFields(nobody, made, { policy: undefined })).not.toThrow();
});

/** The fields of an operation's input, over all its alternatives. */
function fieldsOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => fieldsOf(option as z.ZodType));
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** Fields that name a session, in any operation. */
const named = ['session', 'parent'];
const ofSession = operationNames.filter((name) =>
  fieldsOf(operations[name].input).some((field) => named.includes(field)),
);

describe('tokens that are bound to sessions', () => {
  test('S1: these operations name a session, and these lists run over several', () => {
    expect(ofSession).toEqual([
      'approvals.decide',
      'approvals.list',
      'approvals.request',
      'blobs.get',
      'budgets.get',
      'feeds.close',
      'feeds.open',
      'files.find',
      'moves.activate',
      'moves.begin',
      'moves.cancel',
      'moves.list',
      'moves.offer',
      'moves.withdraw',
      'policy.get',
      'policy.test',
      'queue.edit',
      'queue.list',
      'queue.move',
      'queue.release',
      'queue.withdraw',
      'runs.get',
      'runs.list',
      'runs.raw',
      'sessions.abort',
      'sessions.append',
      'sessions.compact',
      'sessions.create',
      'sessions.delete',
      'sessions.export',
      'sessions.fork',
      'sessions.get',
      'sessions.history',
      'sessions.list',
      'sessions.patch',
      'sessions.reset',
      'sessions.restore',
      'sessions.send',
      'sessions.steer',
      'sessions.takeOver',
      'snapshots.diff',
      'snapshots.get',
      'snapshots.list',
      'snapshots.restore',
      'usage.summary',
    ]);
    const over = operationNames.filter((name) => /^(?:sessions|runs|approvals)\./.test(name));
    // These go over what the caller sees, or by names of their own: looked at below.
    expect(over.filter((name) => !ofSession.includes(name))).toEqual([
      'runs.stopAll',
      'sessions.import',
      'sessions.preview',
      'sessions.resolve',
    ]);
  });

  const refusedToBound = {
    'moves.activate': 'admin',
    'moves.begin': 'admin',
    'moves.offer': 'any session',
    'moves.withdraw': 'admin',
  };

  test('S1: one of them moves no session, neither from here nor to here', async () => {
    const scopes = ['view', 'drive', 'approve', 'manage', 'admin'] as const;
    const { secret: token } = await world.harness.token(scopes, { sessions: ['s1'] });
    for (const name of Object.keys(refusedToBound) as (keyof typeof refusedToBound)[]) {
      const { status, json } = await world.harness.call(name, world.inputs[name], { token });
      expect([name, status, json.error?.code]).toEqual([name, 403, 'forbidden']);
    }
  });

  const bindings = [
    ['bound', ['view', 'drive', 'approve', 'manage']],
    ['bound, from inside a host', ['inside', 'manage']],
  ] as const;

  test.each(bindings)(
    'S1: one that is %s gets for another session what it gets for none',
    async (_what, scopes) => {
      const { harness, inputs } = world;
      const inside = (scopes as readonly string[]).includes('inside');
      // What is made from inside belongs to its parent; others make only what they are bound to.
      const sessions = inside ? ['s1'] : ['s1', 'made', 'forked'];
      const { secret: token } = await harness.token(scopes, { sessions });
      const socket = await harness.socket(token);
      for (const name of ofSession.filter((each) => !isStream(each))) {
        if (inside && (name === 'approvals.decide' || name === 'sessions.fork')) continue;
        if (inside && name === 'snapshots.restore') continue;
        // A token that is bound to sessions moves none, whichever it is.
        if (name in refusedToBound) continue;
        const fields = fieldsOf(operations[name].input).filter((field) => named.includes(field));
        const [field = ''] = fields;
        expect([name, fields]).toEqual([name, [field]]);
        for (const other of ['s2', 'agent:scripted:s2']) {
          const ask = (session: string) => ({ ...inputs[name], [field]: session });
          const told = await socket.request(name, ask(other));
          const missing = await socket.request(name, ask('nowhere'));
          expect([name, told.error?.data.code]).toEqual([name, 'not_found']);
          const same = JSON.stringify(told.error).replaceAll(other, 'nowhere');
          expect(same).toBe(JSON.stringify(missing.error));
          if (operations[name].shape === 'feed') continue;
          const http = await harness.call(name, ask(other), { token });
          const httpMissing = await harness.call(name, ask('nowhere'), { token });
          expect([name, http.status]).toEqual([name, 404]);
          expect(http.text.replaceAll(other, 'nowhere')).toBe(httpMissing.text);
        }
        const own = await socket.request(name, inputs[name]);
        expect([name, own.error]).toEqual([name, undefined]);
      }
      socket.socket.terminate();
    },
  );

  test.each(bindings)(
    'S1: one that is %s sees in lists, names and streams its own session alone',
    async (_what, scopes) => {
      const { harness } = world;
      const { secret: token } = await harness.token(scopes, { sessions: ['s1'] });
      const ids = async (name: OperationName, of: (json: Json) => unknown, input: object = {}) => {
        const { status, json } = await harness.call(name, input, { token });
        return status === 200 ? of(json) : json.error.code;
      };
      const idsIn = (list: readonly Json[]) => list.map(({ id }) => id);
      expect(await ids('sessions.list', ({ sessions }) => idsIn(sessions))).toEqual(['s1']);
      const asked = { sessions: ['s1', 's2', 'nowhere'] };
      const statuses = ({ previews }: Json) => previews.map(({ status }: Json) => status);
      expect(await ids('sessions.preview', statuses, asked)).toEqual(['ok', 'missing', 'missing']);
      expect(await ids('runs.list', ({ runs }) => idsIn(runs))).toEqual(['run-s1']);
      expect(
        await ids('approvals.list', ({ approvals }) =>
          approvals.map(({ session }: Json) => session),
        ),
      ).toEqual(['s1']);
      expect(await ids('server.info', ({ start }) => start.setAside)).toEqual([]);
      for (const name of ['s2', 'agent:scripted:s2', 'label of s2', 'nowhere']) {
        expect(await ids('sessions.resolve', ({ session }) => session.id, { name })).toBe(
          'not_found',
        );
      }
      // Of several sessions with one name the own one is found as if there were no other.
      expect(await ids('sessions.resolve', ({ session }) => session.id, { name: 'twin' })).toBe(
        's1',
      );
      const stream = await EventReader.open(harness, '/v1/sessions/s2/events', { token });
      expect(stream.status).toBe(404);
      const list = await EventReader.open(harness, '/v1/events', { token });
      expect(list.status).toBe(200);
      const { options } = harness.engine.open.at(-1)!;
      const seen = 'family' in options ? options.family : 'sessions' in options && options.sessions;
      expect([...(seen || ['everything'])]).toEqual(['s1']);
      list.stop();
    },
  );

  test.each(['admin', 'inside'] as const)(
    'S1: one of the scope %s administers nothing',
    async (scope) => {
      const { secret: token } = await world.harness.token([scope], { sessions: ['s1'] });
      const onlyAdmin = operationNames.filter(
        (name) =>
          isAllowed(name, 'admin') && !isAllowed(name, 'manage') && !isAllowed(name, 'approve'),
      );
      expect(onlyAdmin.length).toBeGreaterThan(3);
      for (const name of onlyAdmin) {
        const { status } = await world.harness.call(name, world.inputs[name], { token });
        expect([name, status]).toEqual([name, 403]);
      }
    },
  );
});
