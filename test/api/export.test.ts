import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { words } from '../engine/workbench.ts';
import { linesOf, LogWorld } from './log-world.ts';

interface Line {
  type: string;
  [member: string]: unknown;
}

const parsed = (file: string): Line[] => linesOf(file).map((line) => JSON.parse(line) as Line);

/** A conversation with a text too large for an entry, twice. */
async function talk(world: LogWorld): Promise<string> {
  const session = await world.bench.session('go');
  await (await world.bench.watch(session)).entry('run_ended');
  return session;
}

describe('an exported log', () => {
  test('L2 L6: has a header, every entry as it is stored, each blob before it is named, and an end', async () => {
    const large = 'ä'.repeat(70_000);
    const world = await LogWorld.open((turn) => {
      turn.say(large, 'one');
      turn.say('small', 'two');
      turn.say(large, 'three');
    });
    const session = await talk(world);
    const file = await world.export(session);
    const lines = parsed(file);
    expect(lines.map(({ type }) => type).join(' ')).toMatch(
      /^header (?:entry )+blob (?:entry )+end$/,
    );
    expect(lines[0]).toMatchObject({
      format: 'turnkeep',
      version: 1,
      session: { id: session, agent: 'plain', cwd: '/work' },
    });
    const entries = lines.filter(({ type }) => type === 'entry').map(({ entry }) => entry);
    expect(entries).toEqual(await world.bench.log(session));
    const blob = lines.find(({ type }) => type === 'blob') as Line & { base64: string };
    const bytes = Buffer.from(blob.base64, 'base64');
    expect(bytes.toString()).toBe(large);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(blob['digest']);
    const before = linesOf(file).slice(0, -1).join('\n');
    expect(lines.at(-1)).toEqual({
      type: 'end',
      entries: entries.length,
      digest: createHash('sha256').update(`${before}\n`).digest('hex'),
    });
  });

  test('L6: a blob of megabytes comes in parts', async () => {
    const large = 'x'.repeat(1_000_000);
    const world = await LogWorld.open();
    const session = await world.bench.session();
    const content = [{ type: 'text' as const, text: large }];
    await world.bench.engine.send(
      session,
      { content, delivery: 'queue', allowInterrupt: false },
      { type: 'client', token: 't' },
    );
    const parts = parsed(await world.export(session)).filter(({ type }) => type === 'blob');
    expect(parts.map(({ offset }) => offset)).toEqual([0, 786_432]);
    const whole = parts.map(({ base64 }) => Buffer.from(base64 as string, 'base64').toString());
    expect(whole.join('')).toBe(large);
  });

  test('S1 S4: says the names of secrets and never their values', async () => {
    const world = await LogWorld.open();
    const { row } = await world.bench.engine.create(
      { changes: { env: ['API_KEY'] }, secrets: { 'env/API_KEY': 'hush-hush' } },
      { type: 'client', token: 't' },
    );
    const file = await world.export(row.id);
    expect(file).toContain('API_KEY');
    expect(file).not.toContain('hush-hush');
  });

  test('S1: of a session that the token may not see is that of no session', async () => {
    const world = await LogWorld.open();
    const session = await world.bench.session();
    const client = await world.clientWith(['view'], { sessions: ['other'] });
    await expect(client.sessions.export({ session })).rejects.toMatchObject({
      refusal: { code: 'not_found' },
    });
    await expect(client.sessions.export({ session: 'nowhere' })).rejects.toMatchObject({
      refusal: { code: 'not_found' },
    });
  });

  test('L2: ends where the log ended when it was asked for, whatever comes meanwhile', async () => {
    const world = await LogWorld.open();
    const session = await world.bench.session();
    const filler = Array.from({ length: 400 }, (_, n) => ({ id: `f${n}`, raw: 'x'.repeat(4000) }));
    const by = { type: 'client', token: 't' } as const;
    await world.bench.engine.logs.append(session, { entries: filler }, by);
    const stream = await world.client.sessions.export({ session });
    await world.bench.engine.logs.append(session, { entries: [{ id: 'late', raw: 1 }] }, by);
    const file = await new Response(stream).text();
    expect(parsed(file).at(-1)).toMatchObject({ type: 'end', entries: 401 });
    expect(file).not.toContain('"late"');
  });

  test('L6: of a fork is its own log, and names its base', async () => {
    const world = await LogWorld.open((turn) => turn.say('hello'));
    const base = await talk(world);
    const by = { type: 'client', token: 't' } as const;
    const { row } = await world.bench.engine.branches.fork(base, { changes: {} }, by);
    const [header, first] = parsed(await world.export(row.id));
    expect(header).toMatchObject({ session: { id: row.id, forkedFrom: { session: base } } });
    expect(first).toMatchObject({ entry: { kind: 'fork', data: { session: base } } });
  });

  test('an export is asked over HTTP alone', async () => {
    const world = await LogWorld.open();
    const answer = await fetch(`${world.url}/v1/sessions.export`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await world.token(['view'])}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ session: await world.bench.session() }),
    });
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    expect(linesOf(await answer.text())).toHaveLength(3);
  });

  test('words of a prompt are in it as they were sent', async () => {
    const world = await LogWorld.open();
    const session = await world.bench.session('a\u2028b\r\nc\u0000d');
    expect(await world.export(session)).toContain(JSON.stringify(words('a\u2028b\r\nc\u0000d')));
  });
});
