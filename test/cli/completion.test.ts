import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completionScript, shells } from '../../src/cli/completion/scripts.ts';
import { lineWords } from '../../src/cli/completion/words.ts';
import { nodeClient } from '../../src/client/node/node-client.ts';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';
import { compiled } from '../compile-cache.ts';

const cli = path.join(import.meta.dirname, '../../src/cli/main.ts');

let home = '';
let daemon: Daemon;
const ids: string[] = [];
const hostile = '$(touch pwned)`touch pwned`; touch pwned';
beforeAll(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-completion-')));
  const state = path.join(home, 'state');
  daemon = await startDaemon({ state, log: () => {} });
  const client = await nodeClient({ state, env: {} });
  const cwd = home;
  const labels = [
    { key: 'agent:scripted:web', title: 'The\u001B[2J web' },
    { label: 'two words' },
    { label: hostile },
  ];
  for (const one of labels) ids.push((await client.sessions.create({ cwd, ...one })).session.id);
  ids.push((await client.sessions.create({ cwd, key: 'agent:scripted:gone' })).session.id);
  await client.sessions.delete({ session: ids[3]! });
  client.close();
});
afterAll(async () => {
  await daemon.shutdown('stop');
  await rm(home, { recursive: true, force: true });
});

/** Bash of its own completes a line, cut into words as it does; answers what it would offer. */
async function complete(line: string, state = path.join(home, 'state')): Promise<string[]> {
  const script = `source <("$NODE" "$CLI" completion bash) || exit 9
COMP_LINE=$1 COMP_POINT=\${#1} COMP_CWORD=$(($# - 2)) COMP_WORDS=("\${@:2}") COMPREPLY=()
_turnkeep turnkeep "\${!#}" ''
complete -p turnkeep >/dev/null || exit 8
(( \${#COMPREPLY[@]} )) && printf '%s\\n' "\${COMPREPLY[@]}"
exit 0`;
  // Readline breaks words at these, too.
  const words: string[] = line.match(/[:=]+|[^\s:=]+/g) ?? [];
  if (/\s$/.test(line)) words.push('');
  const told = await ask(['bash', '--norc', '-c', script, 'bash', line, ...words], { line, state });
  return told.split('\n').filter((one) => one !== '');
}

interface Asked {
  line: string;
  state?: string;
  out?: string;
}

/** What a shell prints of itself, which has to be all right. */
async function ask([shell = '', ...words]: string[], { line, state, out }: Asked): Promise<string> {
  const child = spawn(shell, words, {
    cwd: home,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TERM: 'xterm',
      TURNKEEP_STATE: state ?? path.join(home, 'state'),
      NODE: process.execPath,
      CLI: cli,
      ...compiled(),
      LINE: line,
      OUT: out,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Error(`${shell} is missing: install it, as by \`apt-get install ${shell}\`.`);
  })) as [number | null];
  expect([code, err], line).toEqual([0, '']);
  return told;
}

const fixture = (name: string): string =>
  path.join(import.meta.dirname, '../fixtures/completion', name);
let asked = 0;

/** What Zsh offers at the end of a line, as it would insert it, and the line after that. */
async function inZsh(line: string, state?: string): Promise<{ offered: string[]; after: string }> {
  const out = path.join(home, `zsh-${(asked += 1)}`);
  const words = ['zsh', '-f', fixture('ask.zsh'), fixture('rc.zsh')];
  await ask(words, { line, out, ...(state === undefined ? {} : { state }) });
  const told = (await readFile(out, 'utf8')).split('\n').slice(0, -1);
  return { offered: told.slice(0, -1), after: told.at(-1)!.slice(1) };
}

/** What Fish offers at the end of a line, without what it says of it. */
async function inFish(line: string, state?: string): Promise<string[]> {
  const words = ['fish', '--no-config', fixture('ask.fish')];
  const told = await ask(words, { line, ...(state === undefined ? {} : { state }) });
  return told.split('\n').flatMap((one) => (one === '' ? [] : [one.split('\t')[0]!]));
}

/** What a shell makes of the last word of a line. */
async function lastWord(shell: string, line: string): Promise<string> {
  const word = line.slice('turnkeep send '.length).trimEnd();
  return ask([shell, '-c', `printf %s ${word}`], { line });
}

describe('Bash completes', { timeout: 60_000 }, () => {
  test('commands, options and their values', async () => {
    expect(await complete('turnkeep que')).toEqual(['queue']);
    expect(await complete('turnkeep token ')).toEqual(['create', 'list', 'revoke', 'help']);
    expect(await complete('turnkeep ls --sta')).toEqual(['--status', '--state']);
    expect(await complete('turnkeep ls --status wor')).toEqual(['working']);
    expect(await complete('turnkeep ls --status=wor')).toEqual(['working']);
    expect(await complete('turnkeep queue last m')).toEqual(['move']);
    expect(await complete('turnkeep run --agent scr')).toEqual(['scripted']);
    expect(await complete('turnkeep show x | turnkeep unar')).toEqual(['unarchive']);
    expect(await complete('turnkeep up --trust st')).toEqual(['state']);
    expect(await complete('turnkeep nonsense ')).toEqual([]);
  });

  test('sessions by id, key and label, whatever Bash breaks words at', async () => {
    const all = await complete('turnkeep send ');
    expect(all).toEqual(expect.arrayContaining(['last', 'agent:scripted:web', ...ids.slice(0, 3)]));
    expect(all).not.toContain(ids[3]);
    expect(await complete('turnkeep send agent:scr')).toEqual(['scripted:web']);
    expect(await complete(`turnkeep show ${ids[1]!.slice(0, 30)}`)).toEqual([ids[1]]);
    expect(await complete('turnkeep restore ')).toEqual(['agent:scripted:gone', ids[3]]);
  });

  test('S3: names that others gave are quoted, and never run', async () => {
    expect(await complete('turnkeep send tw')).toEqual([String.raw`two\ words`]);
    const [quoted] = await complete('turnkeep send $');
    expect(await lastWord('bash', `turnkeep send ${quoted!}`)).toBe(hostile);
    expect(await complete('turnkeep send "$')).toEqual([]);
    expect(existsSync(path.join(home, 'pwned'))).toBe(false);
  });

  test('without a daemon nothing is said, and commands are there all the same', async () => {
    const nowhere = path.join(home, 'nowhere');
    expect(await complete('turnkeep send ', nowhere)).toEqual([]);
    expect(await complete('turnkeep sen', nowhere)).toEqual(['send']);
    expect(existsSync(nowhere)).toBe(false);
  });
});

describe('Zsh completes', { timeout: 60_000 }, () => {
  test('commands, options and their values', async () => {
    expect(await inZsh('turnkeep que')).toEqual({ offered: ['queue'], after: 'turnkeep queue ' });
    expect((await inZsh('turnkeep token ')).offered).toEqual(['create', 'list', 'revoke', 'help']);
    expect((await inZsh('turnkeep ls --status wor')).after).toBe('turnkeep ls --status working ');
    expect((await inZsh('turnkeep ls --status=wor')).after).toBe('turnkeep ls --status=working ');
    expect((await inZsh('turnkeep show x | turnkeep unar')).after).toMatch(/ unarchive $/);
    expect((await inZsh('turnkeep up --trust st')).after).toBe('turnkeep up --trust state/');
    expect(await inZsh('turnkeep nonsense ')).toEqual({ offered: [], after: 'turnkeep nonsense ' });
  });

  test('S3: sessions, quoted as the line is, and never run', async () => {
    expect((await inZsh('turnkeep send agent:scr')).offered).toEqual(['agent:scripted:web']);
    for (const [typed, whole] of [
      ['tw', String.raw`two\ words`],
      [String.raw`two\ w`, String.raw`two\ words`],
      ['"two w', '"two words"'],
      ["'two w", "'two words'"],
    ] as const) {
      expect((await inZsh(`turnkeep send ${typed}`)).after).toBe(`turnkeep send ${whole} `);
    }
    for (const typed of [String.raw`\$`, "'$("]) {
      const { after } = await inZsh(`turnkeep send ${typed}`);
      expect(await lastWord('zsh', after)).toBe(hostile);
    }
    expect((await inZsh('turnkeep send "tw', path.join(home, 'nowhere'))).offered).toEqual([]);
    expect(existsSync(path.join(home, 'pwned'))).toBe(false);
  });
});

describe('Fish completes', { timeout: 60_000 }, () => {
  test('commands, options and their values', async () => {
    expect(await inFish('turnkeep que')).toEqual(['queue']);
    expect(await inFish('turnkeep token ')).toEqual(['create', 'help', 'list', 'revoke']);
    expect(await inFish('turnkeep ls --status wor')).toEqual(['working']);
    expect(await inFish('turnkeep ls --status=wor')).toEqual(['--status=working']);
    expect(await inFish('turnkeep show x | turnkeep unar')).toEqual(['unarchive']);
    expect(await inFish('turnkeep up --trust st')).toEqual(['state/']);
    expect(await inFish('turnkeep nonsense ')).toEqual([]);
  });

  test('S3: sessions, with quotes that are closed, open or none, and never run', async () => {
    const all = await inFish('turnkeep send ');
    expect(all).toEqual(expect.arrayContaining(['last', hostile, ...ids.slice(0, 3)]));
    expect(all).not.toContain(ids[3]);
    expect(await inFish('turnkeep send agent:scr')).toEqual(['agent:scripted:web']);
    for (const typed of ['tw', String.raw`two\ w`, '"two w', "'two w"]) {
      expect(await inFish(`turnkeep send ${typed}`), typed).toEqual(['two words']);
    }
    for (const typed of [String.raw`\$`, "'$("]) {
      expect(await inFish(`turnkeep send ${typed}`), typed).toEqual([hostile]);
    }
    expect(await inFish('turnkeep send tw', path.join(home, 'nowhere'))).toEqual([]);
    expect(existsSync(path.join(home, 'pwned'))).toBe(false);
  });
});

test('a line is taken apart as Bash does, up to the cursor', () => {
  const cases: [string, string[]][] = [
    ['turnkeep sen', ['turnkeep', 'sen']],
    ['turnkeep send ', ['turnkeep', 'send', '']],
    [String.raw`turnkeep send two\ wo`, ['turnkeep', 'send', 'two wo']],
    [`turnkeep send "two w`, ['turnkeep', 'send', 'two w']],
    [`turnkeep set x title='a b' `, ['turnkeep', 'set', 'x', 'title=a b', '']],
    ['ls; turnkeep ru', ['turnkeep', 'ru']],
  ];
  for (const [line, words] of cases) expect(lineWords(line), line).toEqual(words);
});

test('the scripts of all shells ask the same program, by its full name', () => {
  for (const shell of shells) {
    const script = completionScript(shell, ['/opt/no de', "/it's/main.ts"]);
    expect(script).toContain(String.raw`'/opt/no de' '/it'\''s/main.ts' __complete`);
    expect(script).not.toContain('eval');
  }
});
