import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/domain/entry.ts';
import { compiled } from '../compile-cache.ts';

const script = path.join(import.meta.dirname, '../../src/cli/main.ts');

let home = '';
let state = '';
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'turnkeep-e2e-'));
  state = path.join(home, 'state');
});
afterAll(async () => {
  await turnkeep(['stop']);
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command line as a person would, in the test's own state directory. */
function turnkeep(words: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...words], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home, TURNKEEP_STATE: state, ...compiled() },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // There is no such process.
    return false;
  }
}

const entriesOf = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);

describe('the command line with a daemon', { timeout: 60_000 }, () => {
  test('run starts a daemon, says so, streams the answer and ends with 0', async () => {
    const { code, out, err } = await turnkeep(['run', '[[say Hello **you**]]']);
    expect(err).toMatch(/^Started a daemon in the background at http:/);
    expect(out).toMatch(/^Hello \*\*you\*\*\n✓ completed · /);
    expect(code).toBe(0);
  });

  test('up finds the daemon that runs, also as JSON', async () => {
    const record = JSON.parse(await readFile(path.join(state, 'daemon.json'), 'utf8')) as object;
    const again = await turnkeep(['up', '--port', '0', '--json']);
    expect(again.code).toBe(0);
    const { console: link, ...line } = JSON.parse(again.out) as {
      console: string;
      tokenFile: string;
    };
    expect(record).toMatchObject(line);
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#code=\w/);
    expect(await readFile(line.tokenFile, 'utf8')).not.toBe('');
    expect((await turnkeep(['up'])).out).toContain('already running');
  });

  test('P1: a prompt from stdin is in the log, and the log is the same by show', async () => {
    const run = await turnkeep(['run', '--json'], '[[say one]]');
    const streamed = entriesOf(run.out);
    const [prompt] = streamed;
    expect(prompt).toMatchObject({ kind: 'prompt', data: { content: [{ text: '[[say one]]' }] } });
    expect(streamed.at(-1)).toMatchObject({ kind: 'run_ended', data: { outcome: 'completed' } });
    const shown = entriesOf((await turnkeep(['show', 'last', '--json'])).out);
    expect(shown.slice(-streamed.length)).toEqual(streamed);
  });

  test('a run that fails ends with 1', async () => {
    const { code, out } = await turnkeep(['run', '[[exit 7]]']);
    expect(out).toContain('✗ failed');
    expect(code).toBe(1);
  });

  test('an approval is answered from another terminal', async () => {
    const sent = await turnkeep(['run', '--detach-after', '[[ask write a.txt|Hi]] [[say done]]']);
    const session = sent.out.trim();
    await expect
      .poll(async () => (await turnkeep(['approve', session])).code, { timeout: 20_000 })
      .toBe(0);
    await expect
      .poll(async () => (await turnkeep(['show', session])).out, { timeout: 20_000 })
      .toContain('completed');
    expect(await readFile(path.join(home, 'a.txt'), 'utf8')).toBe('Hi');
  });

  test('a prompt is queued behind a run, and abort stops it', async () => {
    const session = (await turnkeep(['run', '--detach-after', '[[say x]] [[hang]]'])).out.trim();
    expect((await turnkeep(['send', session, 'later'])).out).toBe('queued (position 1)\n');
    const rows = (await turnkeep(['ls', '--json'])).out.trim().split('\n');
    expect(rows.map((row) => JSON.parse(row) as { id: string })).toContainEqual(
      expect.objectContaining({ id: session, queued: 1 }),
    );
    const aborted = await turnkeep(['abort', session, '--wait', '--withdraw']);
    expect(aborted.out).toBe('aborted (cancelled)\n');
  });

  test('what an agent says cannot drive the terminal', async () => {
    const evil = 'a\u001B[2Jb\u001B]0;title\u0007c\u009B31m';
    const { out } = await turnkeep(['run', `[[say ${evil}]] [[run printf '\\033[31mred']]`]);
    expect(out).toMatch(/^abc\n/);
    expect(out).not.toContain('\u001B');
    expect(out).not.toContain('\u009B');
  });

  test('V1 V4 R7: a run is shown to its end although the daemon is killed in between', async () => {
    const running = turnkeep(['run', '[[pace 20]] [[long 2000]]']);
    await expect
      .poll(async () => (await turnkeep(['ls', '--json'])).out, { timeout: 20_000 })
      .toMatch(/"status":"working"/);
    const record = await readFile(path.join(state, 'daemon.json'), 'utf8');
    process.kill((JSON.parse(record) as { pid: number }).pid, 'SIGKILL');
    expect((await turnkeep(['up', '--detach'])).code).toBe(0);
    const { code, out, err } = await running;
    expect(err).toContain('The daemon is away');
    expect(out).toMatch(/✓ completed/);
    expect(code).toBe(0);
    expect((await turnkeep(['show', 'last'])).out).toBe(`> [[pace 20]] [[long 2000]]\n${out}`);
  });

  test('R8: stop ends the daemon and says which runs it stopped', async () => {
    const session = (await turnkeep(['run', '--detach-after', '[[say x]] [[hang]]'])).out.trim();
    await expect
      .poll(async () => (await turnkeep(['show', session])).out, { timeout: 20_000 })
      .toContain('> ');
    const record = await readFile(path.join(state, 'daemon.json'), 'utf8');
    const { pid } = JSON.parse(record) as { pid: number };
    const stopped = await turnkeep(['stop']);
    expect(stopped.out).toContain('Ended. Stopped:\n');
    expect(stopped.out).toContain(session);
    expect(stopped.code).toBe(0);
    expect((await turnkeep(['ls'])).code).toBe(19);
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });
});
