import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createHash } from 'node:crypto';
import { digestText, type NewEntry } from '../../src/domain/entry.ts';
import { limits } from '../../src/domain/limits.ts';
import { refuse } from '../../src/domain/refusal.ts';
import { deaf } from '../engine/agents.ts';
import { by } from '../engine/workbench.ts';
import { linesOf, LogWorld } from './log-world.ts';

const refusedAs = (code: string, data: object = {}) => ({
  refusal: { code, ...(Object.keys(data).length > 0 ? { data } : {}) },
});

/** A file with a conversation, a tree of external entries and a blob. */
async function exported(): Promise<{ session: string; file: string; world: LogWorld }> {
  const world = await LogWorld.open((turn) =>
    turn.say(turn.text === 'large' ? 'ü'.repeat(70_000) : 'hello'),
  );
  const session = await world.bench.session('large');
  const watch = await world.bench.watch(session);
  await watch.entry('run_ended');
  const host = world.bench.engine;
  await host.shutdown('stop');
  await world.bench.boot();
  const { logs } = world.bench.engine;
  const tree = [
    { id: 'r', parentId: null, raw: { deep: [[1]] } },
    { id: 'a', parentId: 'r', raw: 'a' },
    { id: 'b', parentId: 'r', raw: 'b' },
  ];
  await logs.append(session, { entries: tree }, by);
  const fresh = await LogWorld.open();
  return { session, file: await exportOf(world, session), world: fresh };
}

/** The engine of the world's faces has ended: read by a world with the same store. */
async function exportOf(world: LogWorld, session: string): Promise<string> {
  const { engine, store } = world.bench;
  const { sessionsExport } = await import('../../src/api/handlers/sessions-export.ts');
  const clock = { sha256: (text: string) => createHash('sha256').update(text).digest('hex') };
  const context = { engine, store, clock, session: async (name: string) => name };
  let file = '';
  for await (const piece of sessionsExport({ session, format: 'turnkeep' }, context as never)) {
    file += piece;
  }
  return file;
}

/** The file again after its lines were changed: with the end that fits. */
function resealed(lines: readonly string[]): string {
  const body = lines.map((line) => `${line}\n`).join('');
  const entries = lines.filter((line) => line.startsWith('{"type":"entry"')).length;
  const digest = createHash('sha256').update(body).digest('hex');
  return `${body}${JSON.stringify({ type: 'end', entries, digest })}\n`;
}

/** A line with an entry whose digest fits what it says. */
function entryLine(seq: number, entry: object): string {
  const whole = { at: '2026-01-01T00:00:00.000Z', by: { type: 'server' }, ...entry } as NewEntry;
  const digest = createHash('sha256').update(digestText(whole)).digest('hex');
  return JSON.stringify({ type: 'entry', entry: { seq, ...whole, digest } });
}

const header = (id: string): string =>
  JSON.stringify({
    type: 'header',
    format: 'turnkeep',
    version: 1,
    session: { id, agent: 'plain' },
  });
const settings = (changes: object = {}): object => ({
  id: 'first',
  kind: 'settings',
  data: { from: 'client', changes: { agent: 'plain', cwd: '/work', ...changes } },
});

describe('an import', () => {
  test('L2 L3: gives the same ids and seqs, so that its export is the same file; the same again adds nothing', async () => {
    const { session, file, world } = await exported();
    const count = linesOf(file).filter((line) => line.startsWith('{"type":"entry"')).length;
    const first = await world.client.sessions.import(file);
    expect(first).toMatchObject({ created: true, added: count, session: { id: session } });
    expect(first.lines).toBe(linesOf(file).length);
    expect(await world.export(session)).toBe(file);
    expect(await world.client.sessions.import(file)).toMatchObject({ created: false, added: 0 });
    expect(await world.export(session)).toBe(file);
    expect(await world.bench.store.check(session)).toEqual([]);
  });

  test('U3 S1: lets work go on beyond a budget only where its caller may approve, and takes no use back', async () => {
    const world = await LogWorld.open();
    const client = await world.clientWith(['manage']);
    const crossing = { of: 'global', what: 'cost', limit: 1, level: 99 };
    const notice = {
      id: 'n',
      kind: 'notice',
      data: { code: 'budget', text: 'go on', budget: [{ ...crossing, state: 'allowed' }] },
    };
    const options = [{ id: 'allow', name: 'Go on', kind: 'allow_once' }];
    const asked = { request: null, outside: true, title: 'Go on?', options, budget: crossing };
    const approval = { id: 'a', kind: 'approval', data: asked };
    const allowed = { outcome: 'allowed', option: 'allow' };
    const decision = { id: 'd', kind: 'decision', about: 'a', data: allowed };
    const tokens = { input: -5, output: 0, cacheRead: 0, cacheWrite: 0, thought: 0 };
    const usage = { id: 'u', kind: 'usage', data: { key: 'k', tokens } };
    const file = (session: string, ...entries: object[]): string => {
      const all = [settings(), ...entries].map((entry, at) => entryLine(at + 1, entry));
      return resealed([header(session), ...all]);
    };
    for (const entries of [[notice], [approval, decision]]) {
      const refused = client.sessions.import(file('s1', ...entries));
      await expect(refused).rejects.toMatchObject(refusedAs('forbidden'));
    }
    await expect(client.sessions.import(file('s2', usage))).rejects.toMatchObject(
      refusedAs('invalid'),
    );
    const told = { ...notice, data: { ...notice.data, budget: [{ ...crossing, state: 'told' }] } };
    expect(await client.sessions.import(file('s3', told))).toMatchObject({ added: 2 });
    const approver = await world.clientWith(['manage', 'approve']);
    expect(await approver.sessions.import(file('s4', notice))).toMatchObject({ added: 2 });
  });

  test('L3: takes CRLF and a last line without an end', async () => {
    const { session, file, world } = await exported();
    await world.client.sessions.import(file.replaceAll('\n', '\r\n').slice(0, -2));
    expect(await world.export(session)).toBe(file);
  });

  test('V6: takes a stream in pieces of any size', async () => {
    const { session, file, world } = await exported();
    const bytes = new TextEncoder().encode(file);
    async function* pieces() {
      for (let at = 0, n = 1; at < bytes.length; n = (n * 7) % 1009) {
        yield bytes.subarray(at, (at += n));
      }
    }
    await world.client.sessions.import(pieces());
    expect(await world.export(session)).toBe(file);
  });

  test('L3 L5: a log that says something else here is refused, and nothing is changed', async () => {
    const { session, file, world } = await exported();
    await world.client.sessions.import(file);
    const lines = linesOf(file).slice(0, -1);
    const at = lines.findIndex((line) => line.includes('"kind":"external"'));
    const { entry } = JSON.parse(lines[at]!) as { entry: NewEntry & { seq: number } };
    const other = { ...entry, data: { raw: 'other' } } as NewEntry;
    const changed = lines.with(at, entryLine(entry.seq, other));
    await expect(world.client.sessions.import(resealed(changed))).rejects.toMatchObject(
      refusedAs('conflict', { seq: entry.seq }),
    );
    // A digest that is claimed and not computed helps nobody.
    const forged = lines.with(at, lines[at]!.replace('"deep":[[1]]', '"deep":[[2]]'));
    await expect(world.client.sessions.import(resealed(forged))).rejects.toMatchObject(
      refusedAs('invalid', { line: at + 1 }),
    );
    expect(await world.export(session)).toBe(file);
  });

  test('L8: of a file with a bad line everything before it stays, and the good file goes on from there', async () => {
    const { session, file, world } = await exported();
    const lines = linesOf(file);
    const at = lines.length - 3;
    for (const bad of ['{"type":"entry"', '[]', '{"type":"?"}', '\u0000', '{"type":"end"}']) {
      const broken = `${lines.with(at, bad).join('\n')}\n`;
      await expect(world.client.sessions.import(broken)).rejects.toMatchObject(
        refusedAs('invalid', { line: at + 1 }),
      );
    }
    const { row } = await world.bench.engine.get(session);
    const before = lines.slice(0, at).filter((line) => line.startsWith('{"type":"entry"')).length;
    expect(row.lastSeq).toBe(before);
    expect(await world.client.sessions.import(file)).toMatchObject({ created: false });
    expect(await world.export(session)).toBe(file);
  });

  test('L8: a torn file is recognised, wherever it is torn', async () => {
    const { file, world } = await exported();
    const { length } = file;
    for (const cut of [1, 40, 200, length >> 2, length >> 1, length - 100, length - 3]) {
      const error = await world.client.sessions.import(file.slice(0, cut)).catch((one) => one);
      expect([cut, error.refusal?.code]).toEqual([cut, 'invalid']);
    }
    await expect(world.client.sessions.import('')).rejects.toMatchObject(refusedAs('invalid'));
    // Also where whole lines are gone from the middle, or one is there twice.
    const lines = linesOf(file);
    for (const other of [lines.toSpliced(2, 1), lines.toSpliced(2, 0, lines[2]!)]) {
      await expect(world.client.sessions.import(other.join('\n'))).rejects.toMatchObject({
        refusal: { code: 'invalid' },
      });
    }
  });

  test('R2 R7: a log that ended in the middle of a run is settled, and the run is lost', async () => {
    const from = await LogWorld.open(deaf);
    const session = await from.bench.session('go');
    await (await from.bench.watch(session)).entry('delivery');
    const file = await from.export(session);
    const world = await LogWorld.open();
    const { session: row, added } = await world.client.sessions.import(file);
    expect(row).toMatchObject({ status: 'idle', lastRun: { outcome: 'lost' } });
    expect(added).toBe(linesOf(file).length - 2);
    const ends = await world.bench.of(session, 'run_ended');
    expect(ends.map(({ data }) => data.outcome)).toEqual(['lost']);
    expect(await world.client.sessions.import(file)).toMatchObject({ added: 0 });
    expect(await world.bench.of(session, 'run_ended')).toHaveLength(1);
  });

  test('R1: a session at work is not settled by its own export, and takes no other', async () => {
    const world = await LogWorld.open(deaf);
    const session = await world.bench.session('go');
    await (await world.bench.watch(session)).entry('delivery');
    const file = await world.export(session);
    const { session: row } = await world.client.sessions.import(file);
    expect(row.status).toBe('working');
    const next = linesOf(file).length - 1;
    const more = entryLine(next, { id: 'more', kind: 'external', data: { raw: 1 } });
    const longer = resealed([...linesOf(file).slice(0, -1), more]);
    await expect(world.client.sessions.import(longer)).rejects.toMatchObject(refusedAs('busy'));
  });

  test('L6: a fork without its base is readable, and its history ends where it begins', async () => {
    const world = await LogWorld.open();
    const fork = {
      id: 'f',
      kind: 'fork',
      parentId: null,
      data: { session: 'elsewhere', entry: 'x', seq: 9, fidelity: 'none' },
    };
    const first = settings();
    const node = { id: 'n', kind: 'external', parentId: 'f', data: { raw: 1 } };
    const lines = [header('forked'), entryLine(1, fork), entryLine(2, first), entryLine(3, node)];
    const { session } = await world.client.sessions.import(resealed(lines));
    expect(session).toMatchObject({ forkedFrom: { session: 'elsewhere' }, lastSeq: 3 });
    const page = await world.client.sessions.history({ session: 'forked', before: 4 });
    expect(page.entries.map(({ id }) => id)).toEqual(['n', 'first', 'f']);
  });

  test('S3 S5: what is no log, no entry or no blob is refused with its line, never with a failure of the server', async () => {
    const world = await LogWorld.open();
    const ok = entryLine(1, settings());
    const ref = { digest: 'a'.repeat(64), size: 3 };
    const blob = { type: 'blob', ...ref, offset: 0, base64: 'AAAA' };
    const bad: readonly (readonly string[])[] = [
      [header('../x'), ok],
      [header('x'.repeat(65)), ok],
      [JSON.stringify({ type: 'header', format: 'turnkeep', version: 1 }), ok],
      [ok],
      [header('s'), entryLine(2, settings())],
      [header('s'), entryLine(0, settings())],
      [header('s'), entryLine(1, { ...settings(), id: 'a b' })],
      [header('s'), entryLine(1, { ...settings(), by: { type: 'god' } })],
      [header('s'), entryLine(1, { ...settings(), at: 'yesterday' })],
      [header('s'), entryLine(1, { ...settings(), parentId: 'nowhere' })],
      [header('s'), entryLine(1, settings({ agent: 'other' }))],
      [header('s'), entryLine(1, settings({ meta: 3 }))],
      [header('s'), entryLine(1, { id: 'p', kind: 'prompt', data: {} })],
      [
        header('s'),
        entryLine(1, { id: 'p', kind: 'prompt', data: { content: [{ type: 'text' }] } }),
      ],
      [header('s'), entryLine(1, { id: 'm', kind: 'message', data: { content: [] } })],
      [header('s'), entryLine(1, { id: 'r', kind: 'run_ended', data: { outcome: 'fine' } })],
      [header('s'), entryLine(1, { id: 'z', kind: 'unheard', data: {} })],
      [header('s'), JSON.stringify({ type: 'blob', digest: 'x', size: -1 })],
      [header('s'), JSON.stringify(blob), ok],
      [header('s'), JSON.stringify({ ...blob, size: limits.lineBytes + 1 }), ok],
      [header('s'), JSON.stringify({ ...blob, offset: 7 }), ok],
      [header('s'), `${'['.repeat(5000)}${']'.repeat(5000)}`],
      [header('s'), `{"type":"entry","entry":${'{"a":'.repeat(300)}1${'}'.repeat(300)}}`],
    ];
    for (const lines of bad) {
      const error = await world.client.sessions.import(resealed(lines)).catch((one) => one);
      expect([lines, error.refusal?.code]).toEqual([lines, 'invalid']);
    }
    const later = JSON.stringify({ ...JSON.parse(header('s')), version: 2 });
    await expect(world.client.sessions.import(resealed([later, ok]))).rejects.toMatchObject(
      refusedAs('unsupported'),
    );
    expect((await world.client.sessions.list()).sessions).toEqual([]);
    expect(world.logged).toEqual([]);
  });

  test('S5: a line over the limit is refused before it is whole', async () => {
    const world = await LogWorld.open();
    let sent = 0;
    async function* endless() {
      const piece = Buffer.alloc(1024 * 1024, 'x');
      yield Buffer.from(`${header('s')}\n`);
      for (; sent < 2 * limits.lineBytes; sent += piece.length) yield piece;
    }
    const error = await world.client.sessions.import(endless()).catch((one) => one);
    expect(error.refusal).toMatchObject({ code: 'too_large', data: { line: 2 } });
  }, 30_000);

  test('S5 H2: contents that wait for a hook to see their entry are bounded in bytes and number', async () => {
    const commitHooks = { of: async () => null };
    const world = await LogWorld.open(undefined, { commitHooks });
    const blobLine = (bytes: Buffer): string => {
      const digest = createHash('sha256').update(bytes).digest('hex');
      const base64 = bytes.toString('base64');
      const blob = { type: 'blob', digest, size: bytes.length, offset: 0, base64 };
      return `${JSON.stringify(blob)}\n`;
    };
    let sent = 0;
    async function* without(line: (at: number) => string, most: number) {
      yield Buffer.from(`${header('s')}\n${entryLine(1, settings())}\n`);
      for (sent = 0; sent < most; sent++) yield Buffer.from(line(sent));
    }
    const large = blobLine(Buffer.alloc(8 * 1024 * 1024, 'x'));
    const heavy = without(() => large, 12);
    const error = await world.client.sessions.import(heavy).catch((one) => one);
    expect(error.refusal).toMatchObject({ code: 'too_large' });
    const small = (at: number): string => blobLine(Buffer.from(String(at)));
    const many = without(small, limits.importBlobs + 200);
    const other = await world.client.sessions.import(many).catch((one) => one);
    const message = expect.stringContaining('blobs before it') as string;
    expect(other.refusal).toMatchObject({ code: 'invalid', message });
    // What was whole before them is there.
    expect((await world.client.sessions.get({ session: 's' })).session.lastSeq).toBe(1);
  }, 60_000);

  test('S1: what only an admin may set is not set by a file; a token that is bound imports nothing', async () => {
    const world = await LogWorld.open();
    const manager = await world.clientWith(['manage']);
    const servers = [{ type: 'stdio', name: 'x', command: '/bin/sh', args: [], env: [] }];
    for (const [n, changes] of [
      { mcpServers: servers },
      { env: ['PATH'] },
      { additionalDirs: ['/'] },
    ].entries()) {
      const file = resealed([header(`s${n}`), entryLine(1, settings(changes))]);
      await expect(manager.sessions.import(file)).rejects.toMatchObject(refusedAs('forbidden'));
      expect(await world.client.sessions.import(file)).toMatchObject({ created: true });
    }
    const plain = resealed([header('plain'), entryLine(1, settings())]);
    const bound = await world.clientWith(['manage'], { sessions: ['plain'] });
    await expect(bound.sessions.import(plain)).rejects.toMatchObject(refusedAs('forbidden'));
    expect(await manager.sessions.import(plain)).toMatchObject({ created: true });
  });

  test('L8: an entry that names a blob which nobody has is taken, and the next file says that it is missing', async () => {
    const world = await LogWorld.open();
    const blob = { digest: 'b'.repeat(64), size: 5 };
    const content = [{ type: 'text', text: 'begin', blob }];
    const message = { id: 'm', kind: 'message', parentId: null, data: { content } };
    const missing = JSON.stringify({ type: 'missing', ...blob });
    const lines = [header('s'), entryLine(1, settings())];
    const without = resealed([...lines, entryLine(2, message)]);
    expect(await world.client.sessions.import(without)).toMatchObject({ added: 2 });
    expect(linesOf(await world.export('s'))[2]).toBe(missing);
    const told = resealed([...lines, missing, entryLine(2, message)]);
    expect(await world.client.sessions.import(told)).toMatchObject({ added: 0 });
  });

  test('S3: where no agent may work, none is launched by way of a file', async () => {
    const checkDirectory = async (place: string): Promise<string> => {
      if (place === '/state') throw refuse('invalid', 'An agent may not work there.');
      return place;
    };
    const world = await LogWorld.open((turn) => turn.say('here'), { checkDirectory });
    const file = resealed([header('s'), entryLine(1, settings({ cwd: '/state' }))]);
    const { session } = await world.client.sessions.import(file);
    expect(session.cwd).toBe('/state');
    await world.bench.send('s', 'go');
    expect((await (await world.bench.watch('s')).entry('run_ended')).data).toMatchObject({
      outcome: 'failed',
      error: { category: 'launch', message: 'An agent may not work there.' },
    });
    expect(world.bench.hosts.alive).toEqual([]);
  });

  test('L7: the id of a session that was removed for good is not given again', async () => {
    const { session, file, world } = await exported();
    await world.client.sessions.import(file);
    await world.client.sessions.delete({ session, purge: true });
    await expect(world.client.sessions.import(file)).rejects.toMatchObject(refusedAs('id_reused'));
    const { session: other } = await world.client.sessions.import(file, { id: 'again' });
    expect(other.id).toBe('again');
  });

  test('S2: takes lines alone, by POST and with a token; what is not answered yet reads the refusal while it still sends', async () => {
    const world = await LogWorld.open();
    const token = await world.token(['manage']);
    const url = `${world.url}/v1/sessions.import`;
    const authorization = `Bearer ${token}`;
    const ask = async (method: string, headers: Record<string, string>, query = '') =>
      (await fetch(url + query, { method, headers, ...(method === 'POST' ? { body: '{}' } : {}) }))
        .status;
    const lines = { 'content-type': 'application/x-ndjson' };
    expect(await ask('POST', lines)).toBe(401);
    expect(await ask('GET', { ...lines, authorization })).toBe(405);
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      expect(await ask('POST', { authorization, 'content-type': type })).toBe(415);
    }
    const packed = { ...lines, authorization, 'content-encoding': 'gzip' };
    expect(await ask('POST', packed)).toBe(415);
    const origin = { ...lines, authorization, origin: 'https://evil.example' };
    expect(await ask('POST', origin)).toBe(403);
    expect(await ask('POST', { ...lines, authorization }, '?id=a&id=b')).toBe(400);
    expect(await ask('POST', { ...lines, authorization }, '?token=x')).toBe(400);
    const status = await new Promise((resolve, reject) => {
      const sent = request(
        url,
        { method: 'POST', headers: { ...lines, authorization } },
        (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode));
        },
      );
      sent.on('error', reject);
      sent.write('no log\n', () => sent.write('x'.repeat(1024 * 1024)));
    });
    expect(status).toBe(400);
  });
});
