import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compiled } from '../compile-cache.ts';

const script = path.join(import.meta.dirname, '../../src/cli/main.ts');

let home = '';
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'turnkeep-transfer-'));
});
afterAll(async () => {
  await started(['stop']).ended;
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

interface Started {
  interrupt: () => void;
  /** Resolves when it has said something to the person. */
  spoke: Promise<unknown>;
  ended: Promise<Ended>;
}

function started(words: readonly string[]): Started {
  const child = spawn(process.execPath, [script, ...words], {
    cwd: home,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      ...compiled(),
      TURNKEEP_STATE: path.join(home, 'state'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  const spoke = once(child.stderr, 'data');
  spoke.catch(() => undefined);
  return { interrupt: () => void child.kill('SIGINT'), spoke, ended };
}

const turnkeep = (...words: string[]): Promise<Ended> => started(words).ended;

test('L3 L8: Ctrl-C leaves what was imported, and nothing of what was exported; both can be done again', async () => {
  expect((await turnkeep('run', '[[say Hello]]')).code).toBe(0);
  const file = path.join(home, 'talk.jsonl');
  expect(await turnkeep('export', 'last', '-o', 'talk.jsonl')).toMatchObject({
    code: 0,
    out: '',
    err: '',
  });
  const whole = await readFile(file, 'utf8');

  // A file whose rest never comes.
  const pipe = path.join(home, 'pipe.jsonl');
  execFileSync('mkfifo', [pipe]);
  const importing = started(['import', 'pipe.jsonl', '--id', 'again']);
  const writer = await open(pipe, 'w');
  await writer.write(whole.slice(0, whole.length / 2));
  importing.interrupt();
  await importing.spoke;
  // A read of a pipe cannot be taken back.
  await writer.close();
  const stopped = await importing.ended;
  expect([stopped.code, stopped.out]).toEqual([130, '']);
  expect(stopped.err).toContain('the same file again goes on from there');

  const done = await turnkeep('import', 'talk.jsonl', '--id', 'again', '--json');
  expect(JSON.parse(done.out)).toMatchObject({ file: 'talk.jsonl', session: { id: 'again' } });
  expect((await turnkeep('show', 'again')).out).toContain('> [[say Hello]]\nHello\n');

  const refused = await turnkeep('export', 'nowhere', '-o', 'none.jsonl');
  expect(refused.code).toBe(12);
  expect(existsSync(path.join(home, 'none.jsonl'))).toBe(false);
  expect(existsSync(path.join(home, 'none.jsonl.part'))).toBe(false);
  expect((await turnkeep('export', 'last', '--format', 'word')).err).toContain(
    'choose turnkeep or pi',
  );
  await writeFile(path.join(home, 'odd.jsonl'), 'What is this?\n');
  const odd = await turnkeep('import', 'odd.jsonl');
  expect([odd.code, odd.err]).toEqual([2, expect.stringContaining('Line 1:')]);
}, 60_000);
