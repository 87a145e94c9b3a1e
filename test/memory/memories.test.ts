import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { builtInAgents } from '../../src/agents/agents.ts';
import { folderOf } from '../../src/agents/claude/memory-files.ts';
import { fileMemories } from '../../src/memory/memories.ts';
import type { Memories, MemoryLine, NativeSession } from '../../src/ports/memories.ts';

const nativeId = '12a287cc-2ae5-450a-b0b8-9b0ccfc50206';

let root: string;
let home: string;
let cwd: string;
let memories: Memories;

beforeEach(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-memory-')));
  home = path.join(root, 'home');
  cwd = path.join(root, 'work dir');
  await mkdir(cwd, { recursive: true });
  const options = { program: 'none', env: {}, trusted: [] };
  const drivers = builtInAgents({
    scripted: { node: 'node', program: 'none', store: 'none' },
    claude: options,
    codex: options,
    pi: { ...options, pi: 'pi', launcher: '', extension: '' },
  });
  memories = fileMemories({ drivers, environment: { HOME: home } });
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function session(more: Partial<NativeSession> = {}): NativeSession {
  return { agent: 'claude', nativeId, cwd, env: {}, ...more };
}

const entry = (uuid: string, more: object = {}): string =>
  JSON.stringify({ type: 'user', uuid, sessionId: nativeId, ...more });
const main = (...texts: readonly string[]): MemoryLine[] =>
  texts.map((text) => ({ file: '', text }));

async function* given(lines: readonly MemoryLine[]): AsyncGenerator<MemoryLine> {
  yield* lines;
}

function restore(lines: readonly MemoryLine[], more: Partial<NativeSession> = {}) {
  return memories.restore(session(more), given(lines));
}

async function capture(known: readonly MemoryLine[], more: Partial<NativeSession> = {}) {
  const lines: MemoryLine[] = [];
  for await (const line of memories.capture(session(more), given(known))) lines.push(line);
  return lines;
}

function claudeFile(name = `${nativeId}.jsonl`): string {
  return path.join(home, '.claude/projects', folderOf(cwd), name);
}

async function write(file: string, ...lines: readonly string[]): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, lines.map((line) => `${line}\n`).join(''));
}

const read = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8')).split('\n').slice(0, -1);

/** Somebody who writes a line to a file again and again, as their own agent does. */
class Scribe {
  readonly written: string[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(file: string, everyMs: number, line: (at: number) => string) {
    this.#timer = setInterval(() => {
      const text = line(this.written.length);
      appendFileSync(file, `${text}\n`);
      this.written.push(text);
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Nothing but what belongs there: no draft is left behind. */
async function left(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).toSorted();
}

describe('files of Claude Code', () => {
  test('L12: each file is put where it belongs, to the byte, for its user alone', async () => {
    const odd = '{"uuid":"b",  "n":1e400, "text":"a\u2028b\\ud800 ä"}';
    const sub: MemoryLine[] = [
      { file: 'subagents/agent-a1', text: entry('s1') },
      { file: 'subagents/agent-a1', text: '{"type":"agent_metadata","agentType":"x"}' },
      {
        file: 'subagents/agent-a1',
        text: '{"type":"agent_metadata","agentType":"x","finished":true}',
      },
    ];
    const mode = '{"type":"mode","mode":"normal"}';
    const answer = await restore([...main(entry('a'), mode), ...sub, ...main(odd)]);
    expect(answer).toEqual({ restored: true });
    expect(await read(claudeFile())).toEqual([entry('a'), mode, odd]);
    const agent = claudeFile(`${nativeId}/subagents/agent-a1.jsonl`);
    expect(await read(agent)).toEqual([entry('s1')]);
    const meta = claudeFile(`${nativeId}/subagents/agent-a1.meta.json`);
    expect(JSON.parse(await readFile(meta, 'utf8'))).toEqual({ agentType: 'x', finished: true });
    expect((await lstat(claudeFile())).mode & 0o777).toBe(0o600);
    expect((await lstat(path.dirname(agent))).mode & 0o777).toBe(0o700);
    expect(await left(path.join(home, '.claude/projects'))).toHaveLength(6);
  });

  test('a text over several lines is one line, and what is no JSON is left out', async () => {
    await restore(main('{\n "uuid": "a"\n}', '[withheld]', entry('b')));
    expect(await read(claudeFile())).toEqual(['{"uuid":"a"}', entry('b')]);
  });

  test('in the folder that the environment of the session names', async () => {
    const config = path.join(root, 'config');
    await restore(main(entry('a')), { env: { CLAUDE_CONFIG_DIR: config } });
    expect(await read(path.join(config, 'projects', folderOf(cwd), `${nativeId}.jsonl`))).toEqual([
      entry('a'),
    ]);
    expect(folderOf('/a.b/ä_C')).toBe('-a-b---C');
    const long = `/${'x'.repeat(300)}`;
    expect(folderOf(long)).toMatch(/^-x{199}-[0-9a-z]+$/);
    expect(folderOf(long)).not.toBe(folderOf(`${long}y`));
  });

  test('L12: a file that is there already stays, with what it has beyond ours', async () => {
    const request = '{"type":"api-request"}';
    const there = [entry('a'), request, entry('b'), entry('c'), '{"type":"cost-state"}'];
    await write(claudeFile(), ...there);
    expect(await restore(main(entry('a'), entry('b')))).toEqual({ restored: true });
    expect(await read(claudeFile())).toEqual(there);
  });

  test('L12: a file that is behind gets what is missing, and keeps what it has', async () => {
    await write(claudeFile(), entry('a'), '{"type":"api-request"}', '{"torn');
    const lines = main(entry('a'), '{"type":"mode"}', entry('b'), entry('c'));
    expect(await restore(lines)).toEqual({ restored: true });
    expect(await read(claudeFile())).toEqual([
      entry('a'),
      '{"type":"api-request"}',
      '{"torn',
      '{"type":"mode"}',
      entry('b'),
      entry('c'),
    ]);
    expect(await restore(lines)).toEqual({ restored: true });
    expect(await read(claudeFile())).toHaveLength(6);
  });

  test('L12: a file that somebody writes to meanwhile keeps all of it, and stays the same file', async () => {
    const known = Array.from({ length: 300 }, (_, at) => entry(`k${at}`));
    const missing = Array.from({ length: 300 }, (_, at) => entry(`m${at}`));
    const reasons = new Set<string>();
    for (let round = 0; round < 20; round++) {
      await write(claudeFile(), ...known);
      const { ino } = await lstat(claudeFile());
      const scribe = new Scribe(claudeFile(), 1, (at) => entry(`s${at}`));
      const answer = await restore(main(...known, ...missing));
      scribe.stop();
      const lines = await read(claudeFile());
      expect(lines.filter((line) => scribe.written.includes(line))).toEqual(scribe.written);
      expect(lines.slice(0, known.length)).toEqual(known);
      const added = lines.filter((line) => missing.includes(line));
      expect(added).toEqual(answer.restored ? missing : []);
      expect((await lstat(claudeFile())).ino).toBe(ino);
      reasons.add(answer.restored ? '' : answer.reason);
    }
    const honest = ['', 'its file is there and goes on otherwise', 'its file is being written to'];
    expect(honest).toEqual(expect.arrayContaining([...reasons]));
    await write(claudeFile(), ...known);
    const { ino } = await lstat(claudeFile());
    expect(await restore(main(...known, ...missing))).toEqual({ restored: true });
    expect(await read(claudeFile())).toEqual([...known, ...missing]);
    expect((await lstat(claudeFile())).ino).toBe(ino);
  });

  test('L12: a file that goes on otherwise is left, with the reason', async () => {
    await write(claudeFile(), entry('a'), entry('x'));
    const answer = await restore(main(entry('a'), entry('b')));
    expect(answer).toEqual({ restored: false, reason: 'its file is there and goes on otherwise' });
    expect(await read(claudeFile())).toEqual([entry('a'), entry('x')]);
    expect(await left(path.join(home, '.claude/projects'))).toHaveLength(2);
  });

  test('S3: nothing is written through a link, and no name leads out of the folder', async () => {
    const outside = path.join(root, 'outside');
    await mkdir(outside);
    await mkdir(path.join(home, '.claude/projects'), { recursive: true });
    await symlink(outside, path.dirname(claudeFile()));
    expect(await restore(main(entry('a')))).toMatchObject({ restored: false });
    expect(await readdir(outside)).toEqual([]);
    await rm(path.dirname(claudeFile()));
    await mkdir(path.dirname(claudeFile()));
    await writeFile(path.join(outside, 'other'), 'kept');
    await symlink(path.join(outside, 'other'), claudeFile());
    expect(await restore(main(entry('a')))).toMatchObject({ restored: false });
    expect(await readFile(path.join(outside, 'other'), 'utf8')).toBe('kept');
    await rm(claudeFile());
    const names = ['../../../x', '/etc/x', 'subagents/../../x', 'subagents/a/../../../x', 'a\0b'];
    const strange = names.map((file) => ({ file, text: entry('s') }));
    expect(await restore([...main(entry('a')), ...strange])).toEqual({ restored: true });
    expect(await left(root)).not.toContainEqual(expect.stringMatching(/(?:^|\/)x(?:\.jsonl)?$/));
    for (const id of ['../x', 'a/b', '', '.']) {
      expect(await restore(main(entry('a')), { nativeId: id })).toMatchObject({ restored: false });
    }
  });

  test('L12: nothing is claimed where the log has nothing of it', async () => {
    const reason = 'the log has nothing of its own memory';
    expect(await restore([])).toEqual({ restored: false, reason });
    expect(await restore(main('{"type":"mode"}'))).toEqual({ restored: false, reason });
    expect(await restore(main(entry('a')), { agent: 'scripted' })).toMatchObject({
      restored: false,
      reason: expect.stringContaining('cannot be put on another machine') as string,
    });
  });

  test('two at once, and what an earlier one left when it was killed', async () => {
    await restore(main(entry('a')));
    await rm(claudeFile());
    const [draft] = (await readdir(path.join(home, '.claude/projects'))).filter((name) =>
      name.startsWith('.'),
    );
    expect(draft).toBeUndefined();
    const both = await Promise.all([
      restore(main(entry('a'), entry('b'))),
      restore(main(entry('a'), entry('b'))),
    ]);
    expect(both).toEqual([{ restored: true }, { restored: true }]);
    expect(await read(claudeFile())).toEqual([entry('a'), entry('b')]);
  });

  test('L12: what it wrote and could not tell any more is found in its files', async () => {
    await write(claudeFile(), entry('a'), '{"type":"api-request"}', entry('b'), '{"type":"mode"}');
    const sub = claudeFile(`${nativeId}/subagents/agent-a1.jsonl`);
    await write(sub, entry('s1'));
    expect(await capture(main(entry('a')))).toEqual([
      { file: '', text: entry('b') },
      { file: 'subagents/agent-a1', text: entry('s1') },
    ]);
    const known = [
      ...main(entry('a'), entry('b')),
      { file: 'subagents/agent-a1', text: entry('s1') },
    ];
    expect(await capture(known)).toEqual([]);
    // Not a file that goes on from what is known.
    expect(await capture([...main(entry('z')), known[2]!])).toEqual([]);
  });

  test('of two files of one session that of the directory counts', async () => {
    const other = path.join(home, '.claude/projects/-elsewhere', `${nativeId}.jsonl`);
    await write(claudeFile(), entry('a'), entry('b'));
    await write(other, entry('a'), entry('c'));
    expect(await capture(main(entry('a')))).toEqual(main(entry('b')));
    await rm(claudeFile());
    expect(await capture(main(entry('a')))).toEqual(main(entry('c')));
  });
});

describe('files of other agents', () => {
  const thread = '019a1111-2222-7333-8444-555566667777';

  test('L12: Codex: a thread keeps its path, and its lines to the byte', async () => {
    const name = `2026/11/20/rollout-2026-11-20T10-00-00-${thread}`;
    const lines = ['{"ordinal":0,"type":"session_meta"}', '{"ordinal":1, "type":"response_item"}'];
    const file = path.join(home, '.codex/sessions', `${name}.jsonl`);
    await write(file, ...lines);
    const codex = { agent: 'codex', nativeId: thread };
    const captured = await capture([], codex);
    expect(captured).toEqual(lines.map((text) => ({ file: name, text })));
    await write(file, ...lines, '{"ordinal":2}');
    expect(await capture(captured, codex)).toEqual([{ file: name, text: '{"ordinal":2}' }]);
    await rm(path.join(home, '.codex'), { recursive: true });
    expect(await restore(captured, codex)).toEqual({ restored: true });
    expect(await read(file)).toEqual(lines);
    const foreign = [{ file: `2026/11/20/../../rollout-${thread}`, text: lines[0]! }];
    expect(await restore(foreign, codex)).toMatchObject({ restored: false });
  });

  test('L12: pi: the first line names the directory in which it goes on', async () => {
    const name = `--elsewhere-ä--/2026-11-20T10-00-00_${thread}`;
    const header = (where: string): string =>
      JSON.stringify({ type: 'session', version: 3, id: thread, cwd: where });
    const message = '{"type":"message","id":"1"}';
    const file = path.join(home, '.pi/agent/sessions', `${name}.jsonl`);
    await write(file, header('/elsewhere'), message);
    const pi = { agent: 'pi', nativeId: thread };
    const captured = await capture([], pi);
    expect(captured.map((line) => line.file)).toEqual([name, name]);
    await rm(path.join(home, '.pi'), { recursive: true });
    expect(await restore(captured, pi)).toEqual({ restored: true });
    expect(await read(file)).toEqual([header(cwd), message]);
    // Back where it was, in yet another directory, with more than there was.
    const third = path.join(root, 'third');
    await mkdir(third);
    const more = [...captured, { file: name, text: '{"type":"message","id":"2"}' }];
    expect(await restore(more, { ...pi, cwd: third })).toEqual({ restored: true });
    expect(await read(file)).toEqual([header(third), message, '{"type":"message","id":"2"}']);
    expect(await capture(captured, pi)).toEqual([more[2]]);
  });

  test('L12: pi: what is written to a session that is told another directory is in its new file', async () => {
    const name = `--elsewhere--/2026-11-20T10-00-00_${thread}`;
    const file = path.join(home, '.pi/agent/sessions', `${name}.jsonl`);
    const header = JSON.stringify({ type: 'session', id: thread, cwd: '/elsewhere' });
    const message = (id: string): string => JSON.stringify({ type: 'message', id });
    const lines = [header, ...Array.from({ length: 30 }, (_, at) => message(`k${at}`))];
    const pi = { agent: 'pi', nativeId: thread };
    // Who writes all the time is left alone; with more time in between it goes on.
    for (let everyMs = 1, moved = 0; moved < 15; everyMs += moved === 0 ? 1 : 0) {
      await write(file, ...lines);
      const scribe = new Scribe(file, everyMs, (at) => message(`s${at}`));
      const answer = await restore(
        lines.map((text) => ({ file: name, text })),
        pi,
      );
      scribe.stop();
      const there = await read(file);
      expect(there.slice(lines.length).toSorted()).toEqual(scribe.written.toSorted());
      expect(there.slice(1, lines.length)).toEqual(lines.slice(1));
      const place = (JSON.parse(there[0]!) as { cwd: string }).cwd;
      expect(place).toBe(answer.restored ? cwd : '/elsewhere');
      if (answer.restored) moved += 1;
    }
  });
});
