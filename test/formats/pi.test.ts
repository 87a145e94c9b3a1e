import { readFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/domain/entry.ts';
import { linesOf, LogWorld } from '../api/log-world.ts';
import { by } from '../engine/workbench.ts';
import type { Json } from '../api/harness.ts';

const fixture = path.join(import.meta.dirname, '../fixtures/formats/pi-v3.jsonl');

const at = '2026-01-01T00:00:00.000Z';
const parsed = (file: string): Json[] => linesOf(file).map((line) => JSON.parse(line));
const fileOf = (lines: readonly object[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('');
const header = { type: 'session', version: 3, id: 'pi-file', timestamp: at, cwd: '/work' };
const usage = {
  input: 1,
  output: 2,
  cacheRead: 0,
  cacheWrite: 0,
  totalTokens: 3,
  cost: { total: 0.5 },
};

let count = 0;
const entry = (parentId: string | null, more: object): object => ({
  id: `e${(count += 1)}`,
  parentId,
  timestamp: at,
  ...more,
});
const user = (parentId: string | null, content: unknown) =>
  entry(parentId, { type: 'message', message: { role: 'user', content, timestamp: 1 } });
const assistant = (parentId: string | null, text: string, stopReason = 'stop', more: object = {}) =>
  entry(parentId, {
    type: 'message',
    message: { role: 'assistant', content: [{ type: 'text', text }], usage, stopReason, ...more },
  });

async function opened(
  file: string,
): Promise<{ world: LogWorld; session: string; log: readonly Entry[] }> {
  const world = await LogWorld.open();
  const { session } = await world.client.sessions.import(file, { cwd: '/work' });
  return { world, session: session.id, log: await world.bench.log(session.id) };
}

const said = (log: readonly Entry[]): string[] =>
  log.flatMap((one) => {
    if (one.kind === 'prompt' || one.kind === 'message' || one.kind === 'thought') {
      return one.data.content.map(
        (block) => `${one.kind} ${block.type === 'text' ? block.text : block.type}`,
      );
    }
    if (one.kind === 'tool_call') return [`tool ${one.data.title} ${one.data.status}`];
    if (one.kind === 'run_ended') return [`ended ${one.data.outcome}`];
    return one.kind === 'notice' ? [`notice ${one.data.code} ${one.data.text}`] : [];
  });

/** The nodes of the pi file on the way from an entry to the root, by our parents. */
function ancestors(log: readonly Entry[], id: string): string[] {
  const byId = new Map(log.map((one) => [one.id, one]));
  const path: string[] = [];
  for (let node = byId.get(id); node !== undefined; node = byId.get(node.parentId ?? '')) {
    if (node.kind === 'external') path.push(node.id);
  }
  return path;
}

describe('a session file of the pi coding agent', () => {
  test('L2 L3: is a conversation that people can read, with its tree, its ids and its lines', async () => {
    const file = await readFile(fixture, 'utf8');
    const { world, session, log } = await opened(file);
    expect(said(log)).toEqual([
      'prompt List the files',
      'thought let me look',
      'message I look.',
      'tool bash: ls in_progress',
      'tool bash: ls completed',
      'message There are a and b.',
      'ended completed',
      'prompt Delete a',
      'message Deleted.',
      'ended completed',
      'prompt Rename b instead',
      'message Renamed.',
      'ended completed',
    ]);
    const lines = parsed(file).slice(1);
    const parents = new Map<string, string | null>(lines.map(({ id, parentId }) => [id, parentId]));
    for (const line of lines) {
      const kept = log.find(({ id }) => id === line.id);
      expect(kept).toMatchObject({ kind: 'external', data: { type: 'pi', raw: line } });
      expect(ancestors(log, line.id)[1] ?? null).toBe(parents.get(line.id));
    }
    const { session: row } = await world.client.sessions.get({ session });
    expect(row).toMatchObject({ status: 'idle', title: 'Files', queued: 0, head: lines.at(-1).id });
    expect(row.cost).toMatchObject({ amount: expect.closeTo(1.2) });
    expect(row.modelInForce).toEqual({ provider: 'anthropic', id: 'claude-x' });
    expect(await world.bench.store.check(session)).toEqual([]);
    expect(await world.client.sessions.import(file, { cwd: '/work' })).toMatchObject({ added: 0 });
    expect(await world.export(session, 'pi')).toBe(file);
  });

  test('L3: that has grown adds what is new', async () => {
    const file = await readFile(fixture, 'utf8');
    const lines = linesOf(file);
    // The file of a turn that is over, and then of two more.
    const { world, session } = await opened(`${lines.slice(0, 6).join('\n')}\n`);
    const more = await world.client.sessions.import(file, { cwd: '/work' });
    expect(more).toMatchObject({ created: false });
    expect(more.added).toBeGreaterThan(15);
    expect(await world.export(session, 'pi')).toBe(file);
  });

  test('R3: says of each turn how it ended, and of one without an end that it was lost', async () => {
    count = 0;
    const lines = [
      header,
      user(null, 'one'),
      assistant('e1', 'oh', 'error', { errorMessage: 'overloaded' }),
      user('e2', 'two'),
      assistant('e3', 'well', 'aborted'),
      user('e4', 'three'),
      assistant('e5', 'I look', 'toolUse'),
      user('e6', 'and that too'),
      assistant('e7', 'both', 'stop'),
      user('e8', 'four'),
      assistant('e9', 'I look again', 'toolUse'),
      user('e4', 'elsewhere'),
    ];
    const { log, world, session } = await opened(fileOf(lines));
    expect(said(log)).toEqual([
      'prompt one',
      'message oh',
      'ended failed',
      'prompt two',
      'message well',
      'ended cancelled',
      'prompt three',
      'message I look',
      'prompt and that too',
      'message both',
      'ended completed',
      'prompt four',
      'message I look again',
      'ended lost',
      'prompt elsewhere',
      'ended lost',
    ]);
    const failed = log.find((one) => one.kind === 'run_ended');
    expect(failed).toMatchObject({ data: { error: { message: 'overloaded' } } });
    const steered = log.filter((one) => one.kind === 'prompt' && one.runId !== undefined);
    expect(steered).toHaveLength(1);
    expect(await world.export(session, 'pi')).toBe(fileOf(lines));
  });

  test('L8: with torn lines, repeated ids and missing parents is shown as far as it goes, with the breaks', async () => {
    count = 0;
    const twin = user(null, 'twin');
    const file =
      fileOf([header, user(null, 'one'), assistant('e2', 'two')]) +
      '{"type":"message","id":"torn\n[1]\n' +
      fileOf([
        { ...twin, id: 'e2' },
        user('nowhere', 'three'),
        { type: 'unheard of', id: 'x'.repeat(80), parentId: 'e3', timestamp: 'then' },
        { type: 'custom', id: 'pi-session', parentId: 'x'.repeat(80), timestamp: at },
        { type: 'custom' },
      ]);
    const { log, world, session } = await opened(file);
    const odd = log.filter((one) => one.kind === 'unrecognized');
    expect(odd.map(({ data }) => [data.reason, data.raw])).toEqual([
      ['pi: no JSON object', '{"type":"message","id":"torn'],
      ['pi: no JSON object', '[1]'],
      ['pi: an id that was used before', expect.stringContaining('twin')],
    ]);
    expect(said(log)).toContain(
      'notice pi.break The line before this one in the conversation, nowhere, is not in the file.',
    );
    const raws = log.flatMap((one) => (one.kind === 'external' ? [one.data.raw] : []));
    expect(raws).toEqual(
      parsed(file.replace('{"type":"message","id":"torn\n[1]\n', '')).toSpliced(3, 1),
    );
    expect(await world.client.sessions.import(file, { cwd: '/work' })).toMatchObject({ added: 0 });
    const back = await world.export(session, 'pi');
    expect(back).toBe(file.replace('{"type":"message","id":"torn\n[1]\n', ''));
  });

  test('L3: of version 1 gets ids from what its lines say and where, the same each time', async () => {
    const message = (role: string, content: string) => ({
      type: 'message',
      timestamp: at,
      message: { role, content, stopReason: 'stop' },
    });
    const old = [
      { type: 'session', id: 'old', timestamp: at, cwd: '/work', provider: 'x' },
      message('user', 'same'),
      message('assistant', 'a'),
      message('user', 'same'),
      message('hookMessage', 'hook'),
      {
        type: 'compaction',
        timestamp: at,
        summary: 'short',
        firstKeptEntryIndex: 3,
        tokensBefore: 9,
      },
    ];
    const { world, session, log } = await opened(fileOf(old));
    expect(said(log)).toContain('notice pi.compaction short');
    const lines = parsed(await world.export(session, 'pi'));
    expect(lines[0]).toEqual({ ...old[0], version: 3 });
    const ids = lines.slice(1).map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
    expect(lines.slice(1).map(({ parentId }) => parentId)).toEqual([null, ...ids.slice(0, -1)]);
    expect(lines[4].message.role).toBe('custom');
    expect(lines[5]).toMatchObject({ firstKeptEntryId: ids[2], summary: 'short' });
    expect(lines[5]).not.toHaveProperty('firstKeptEntryIndex');
    expect(await world.client.sessions.import(fileOf(old))).toMatchObject({ added: 0 });
    // In another daemon the ids are the same.
    const other = await opened(fileOf(old));
    expect(parsed(await other.world.export(session, 'pi'))).toEqual(lines);
  });

  test('L8: with lines of megabytes keeps them in blobs, and gives them back as they were', async () => {
    count = 0;
    const data = Buffer.alloc(1_500_000, 7).toString('base64');
    const image = [
      { type: 'text', text: 'look' },
      { type: 'image', mimeType: 'image/png', data },
    ];
    const file = fileOf([header, user(null, image), assistant('e1', 'ü'.repeat(300_000))]);
    const { world, session, log } = await opened(file);
    expect(Math.max(...log.map((one) => JSON.stringify(one.data).length))).toBeLessThan(64 * 1024);
    expect(await world.export(session, 'pi')).toBe(file);
    const { digest } = (
      log.find((one) => one.kind === 'external' && one.data.type === 'pi.blob') as Json
    ).data.raw.blob;
    expect(await world.bench.store.references(session, digest)).toBe(true);
  });

  test('L3 L8: any tree comes back as it was', async () => {
    const world = await LogWorld.open();
    let n = 0;
    const tree = fc.array(
      fc.record({
        parent: fc.nat(),
        role: fc.constantFrom('user', 'assistant', 'system'),
        text: fc.string(),
      }),
      { minLength: 1, maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(tree, async (nodes) => {
        const id = `tree-${(n += 1)}`;
        const lines = nodes.map(({ parent, role, text }, place) => ({
          type: 'message',
          id: `n${place}`,
          parentId: parent % (place + 1) === 0 ? null : `n${(parent % (place + 1)) - 1}`,
          timestamp: at,
          message: { role, content: text, stopReason: 'stop' },
        }));
        const file = fileOf([{ ...header, id }, ...lines]);
        await world.client.sessions.import(file);
        expect(await world.export(id, 'pi')).toBe(file);
      }),
      { numRuns: 40 },
    );
  });
});

describe('any session as a file of the pi coding agent', () => {
  test('L7: has its conversation, its tool calls with their results, and its branches', async () => {
    const world = await LogWorld.open((turn) => {
      turn.say('I look.', 'm1');
      turn.print({ type: 'text_end', m: 'm1' });
      const call = {
        call: 'c1',
        title: 'List',
        kind: 'execute',
        name: 'bash',
        input: { command: 'ls' },
      };
      turn.print({ type: 'tool_call', toolCall: { ...call, status: 'in_progress' } });
      const content = [{ type: 'content', content: { type: 'text', text: 'a' } }];
      turn.print({ type: 'tool_call', toolCall: { ...call, status: 'completed', content } });
      turn.say('There is a.', 'm2');
    });
    const session = await world.bench.session('List the files');
    await (await world.bench.watch(session)).entry('run_ended');
    const lines = parsed(await world.export(session, 'pi'));
    const [first, title, ...entries] = lines;
    expect(first).toMatchObject({ type: 'session', version: 3, id: session, cwd: '/work' });
    expect(title).toMatchObject({ type: 'session_info', name: 'List the files' });
    expect(
      entries.map(({ message }) => [
        message.role,
        message.content.map((block: Json) => block.text ?? block.name).join(),
      ]),
    ).toEqual([
      ['user', 'List the files'],
      ['assistant', 'I look.'],
      ['assistant', 'bash'],
      ['toolResult', 'a'],
      ['assistant', 'There is a.'],
    ]);
    // One line of descent: the result stands between its call and what was said after it.
    expect(entries.map(({ parentId }) => parentId)).toEqual(
      [title, ...entries.slice(0, -1)].map(({ id }) => id),
    );
  });

  test('L7: branches where the session does', async () => {
    const world = await LogWorld.open();
    const session = await world.bench.session();
    const entries = [
      { id: 'r', parentId: null, raw: 'root' },
      { id: 'a', parentId: 'r', raw: 'a' },
      { id: 'b', parentId: 'r', raw: 'b' },
      { id: 'c', parentId: 'a', raw: 'c' },
    ];
    await world.bench.engine.logs.append(session, { entries }, by);
    const lines = parsed(await world.export(session, 'pi')).slice(1);
    expect(lines.map(({ id, parentId, type }) => [id, parentId, type])).toEqual(
      entries.map(({ id, parentId }) => [id, parentId, 'custom']),
    );
    expect(lines.map(({ data }) => data.raw)).toEqual(['root', 'a', 'b', 'c']);
  });

  test('L3: that came from such a file and went on here has both parts', async () => {
    const file = await readFile(fixture, 'utf8');
    const world = await LogWorld.open((turn) => turn.say('Here I am.'));
    const { session } = await world.client.sessions.import(file, { cwd: '/work' });
    await world.bench.send(session.id, 'Go on');
    await (await world.bench.watch(session.id, session.lastSeq)).entry('run_ended');
    const back = await world.export(session.id, 'pi');
    expect(back.startsWith(file)).toBe(true);
    const [asked, answer] = parsed(back.slice(file.length));
    expect(asked).toMatchObject({ parentId: session.head, message: { role: 'user' } });
    expect(answer).toMatchObject({ parentId: asked.id, message: { role: 'assistant' } });
  });
});
