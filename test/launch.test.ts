import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const launcher = path.join(import.meta.dirname, '..', 'scripts', 'launch.mjs');

/** A script in a folder of its own, removed with the test. */
function script(text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnkeep-launch-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'script.ts');
  writeFileSync(file, text);
  return file;
}

function launch(...words: string[]) {
  return spawnSync(process.execPath, [launcher, ...words], { encoding: 'utf8' });
}

test('runs TypeScript on a Node that is new enough and hands on arguments and exit code', () => {
  const file = script(
    'const major: number = parseInt(process.versions.node);' +
      'console.log(major >= 24, process.argv.slice(2)); process.exitCode = 7;',
  );
  const { status, stdout } = launch(file, '--flag', 'a b');
  expect(stdout).toBe("true [ '--flag', 'a b' ]\n");
  expect(status).toBe(7);
});

test('runs a program of the dependencies by its name', () => {
  const { status, stdout } = launch('tsc', '--version');
  expect(stdout).toMatch(/^Version \d/);
  expect(status).toBe(0);
});

test('says in one sentence that a program is missing', () => {
  const { status, stderr } = launch('no-such-program');
  expect(stderr).toMatch(/^There is no program no-such-program .*npm ci.*\n$/);
  expect(status).toBe(1);
});

test('ends by the signal that ended the child', () => {
  const file = script("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);");
  expect(launch(file).signal).toBe('SIGKILL');
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('sends %s on to the child', async (signal) => {
  const file = script(
    `process.on('${signal}', () => { console.log('got it'); process.exit(3); });` +
      "setInterval(() => {}, 1000); console.log('ready');",
  );
  const child = spawn(process.execPath, [launcher, file], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (output === 'ready\n') child.kill(signal);
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(output).toBe('ready\ngot it\n');
  expect(code).toBe(3);
});
