// The fixture agents do what their first comments say; the tests of hosts build on it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isAlive, until } from './program.ts';

const folder = path.join(import.meta.dirname, '../fixtures/agents');

function start(name: string, ...args: string[]) {
  const child = spawn(process.execPath, [path.join(folder, name), ...args]);
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => pieces.push(bytes));
  const output = () => Buffer.concat(pieces);
  const firstLine = async (): Promise<Record<string, number>> => {
    while (!output().includes(10)) await once(child.stdout, 'data');
    return JSON.parse(output().toString().split('\n')[0]!) as Record<string, number>;
  };
  const ended = async () => {
    await once(child, 'close');
    return [child.exitCode, child.signalCode];
  };
  return { child, output, firstLine, ended };
}

test('burst-exit, big-line, flood and split-lines write exactly what they should', async () => {
  const burst = start('burst-exit.mjs', '5000');
  expect(await burst.ended()).toEqual([0, null]);
  expect(burst.output().toString().split('\n')).toHaveLength(5001);

  const big = start('big-line.mjs', '1000000');
  await big.ended();
  expect(big.output()).toHaveLength(1_000_000);
  expect(big.output().indexOf(10)).toBe(999_999);

  const flood = start('flood.mjs', '300000');
  await flood.ended();
  expect(flood.output()).toHaveLength(300_000);
  expect(flood.output().includes(10)).toBe(false);
  const lines = start('flood.mjs', '307200', '--newlines');
  await lines.ended();
  expect(lines.output().toString().split('\n')).toHaveLength(301);

  const split = start('split-lines.mjs', '2', '3');
  await split.ended();
  const text = 'naïve 会話 🧭 \u2028 end';
  const parsed = split.output().toString().trimEnd().split('\n');
  expect(parsed.map((line) => JSON.parse(line) as unknown)).toEqual([
    { line: 1, text },
    { line: 2, text },
  ]);
});

test('torn, not-json, exit-code and dump-env end by themselves', async () => {
  const torn = start('torn.mjs');
  expect(await torn.ended()).toEqual([0, null]);
  expect(torn.output().toString()).toBe('{"line":1}\n{"line":2,"te');
  const noise = start('not-json.mjs');
  expect(await noise.ended()).toEqual([0, null]);
  expect(await start('exit-code.mjs', '7').ended()).toEqual([7, null]);
  const dump = start('dump-env.mjs', 'a b');
  await dump.ended();
  expect(JSON.parse(dump.output().toString())).toMatchObject({
    argv: ['a b'],
    env: { PATH: process.env['PATH'] },
    pid: dump.child.pid,
  });
});

test('echo tells length and digest of each line', async () => {
  const echo = start('echo.mjs');
  const line = 'é'.repeat(100_000);
  echo.child.stdin.end(`${line}\n\ntorn`);
  expect(await echo.ended()).toEqual([0, null]);
  const answers = echo.output().toString().trimEnd().split('\n');
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  expect(answers.map((answer) => JSON.parse(answer) as unknown)).toEqual([
    { length: 200_000, sha256: digest(line) },
    { length: 0, sha256: digest('') },
    { length: 4, sha256: digest('torn'), torn: true },
  ]);
});

test('hang and never-reads live until SIGTERM, ignore-term beyond it', async () => {
  for (const name of ['hang.mjs', 'never-reads.mjs']) {
    const quiet = start(name);
    quiet.child.stdin.end();
    await quiet.firstLine();
    quiet.child.kill('SIGTERM');
    expect(await quiet.ended()).toEqual([null, 'SIGTERM']);
  }
  const ignoring = start('ignore-term.mjs');
  await ignoring.firstLine();
  ignoring.child.kill('SIGTERM');
  await until(() => ignoring.output().includes('"ignored":"SIGTERM"'));
  expect(isAlive(ignoring.child.pid!)).toBe(true);
});

test('close-stdout lives on, stop-self stops', async () => {
  const closing = start('close-stdout.mjs');
  closing.child.stdout.resume();
  await once(closing.child.stdout, 'end');
  expect(isAlive(closing.child.pid!)).toBe(true);

  const stopping = start('stop-self.mjs');
  const { pid } = stopping.child;
  await until(() => fieldsOf(pid!)[0] === 'T');
  stopping.child.kill('SIGCONT');
  expect(await stopping.ended()).toEqual([0, null]);
});

test.for([
  { variant: 'group', sameGroup: true, leads: false },
  { variant: 'setsid', sameGroup: false, leads: true },
  { variant: 'double', sameGroup: false, leads: false },
  { variant: 'scrub', sameGroup: false, leads: true },
])('grandchild: $variant', async ({ variant, sameGroup, leads }) => {
  const parent = start('grandchild.mjs', variant, 'exit', '20');
  const grandchild = (await parent.firstLine())['grandchild']!;
  onTestFinished(() => void process.kill(grandchild, 'SIGKILL'));
  await parent.ended();
  await until(() => readFileSync(`/proc/${grandchild}/comm`, 'utf8') === 'sleep\n');
  const [, , group, session] = fieldsOf(grandchild).map(Number);
  // The test runs this parent in its own group.
  expect(group === Number(fieldsOf(process.pid)[2])).toBe(sameGroup);
  expect(session === grandchild).toBe(leads);
});

test('grandchild: stdout stays open after its parent has gone', async () => {
  const parent = start('grandchild.mjs', 'stdout');
  const grandchild = (await parent.firstLine())['grandchild']!;
  if (parent.child.exitCode === null) await once(parent.child, 'exit');
  expect(isAlive(grandchild)).toBe(true);
  expect(parent.child.stdout.readableEnded).toBe(false);
  const closed = parent.ended();
  process.kill(grandchild, 'SIGKILL');
  expect(await closed).toEqual([0, null]);
});

function fieldsOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
