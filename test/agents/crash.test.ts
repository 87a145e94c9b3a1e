import { execFile } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const loop = path.join(import.meta.dirname, '../../scripts/crash.ts');

/** The short form of what docs/reliability.md tells; a run with a fault says how to repeat it. */
test('R7 P1 P3 A2 V1: ten kills of the daemon while the agent works lose nothing and double nothing', async () => {
  const args = [loop, '--agent', 'claude', '--kills', '10', '--sessions', '3'];
  const { stdout } = await promisify(execFile)(process.execPath, args).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${error.stdout}\n${error.stderr}`);
    },
  );
  expect(stdout).toMatch(/crash loop with claude: 1\d kills .* 0 lost, 0 doubled, 0 changed/);
  const [, generated] = /(\d+) {2}parts of answers that a model was asked for/.exec(stdout) ?? [];
  expect(Number(generated)).toBeGreaterThan(10);
}, 300_000);
