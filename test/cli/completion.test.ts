import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completionScript, shells } from '../../src/cli/completion/scripts.ts';
import { lineWords } from '../../src/cli/completion/words.ts';
import { nodeClient } from '../../src/client/node/node-client.ts';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';

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
  const child = spawn('bash', ['--norc', '-c', script, 'bash', line, ...words], {
    cwd: home,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TURNKEEP_STATE: state,
      NODE: process.execPath,
      CLI: cli,
      NODE_COMPILE_CACHE: path.join(home, 'cache'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, err], line).toEqual([0, '']);
  return out.split('\n').filter((one) => one !== '');
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
    const child = spawn('bash', ['-c', `printf %s ${quoted!}`], { cwd: home });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    await once(child, 'close');
    expect(out).toBe(hostile);
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
