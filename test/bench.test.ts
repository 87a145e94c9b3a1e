import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { measures } from '../scripts/bench/measures.ts';
import { makePackage } from '../scripts/bench/package.ts';
import type { Told } from '../scripts/bench/run.ts';

const bench = path.join(import.meta.dirname, '..', 'scripts', 'bench.ts');
const patience = 120_000;

/** Processes whose command line names the directory. */
function processesOf(directory: string): number[] {
  return globSync('/proc/[0-9]*/cmdline').flatMap((file) => {
    try {
      return readFileSync(file, 'utf8').includes(directory) ? [Number(file.split('/')[2])] : [];
    } catch (error) {
      // It ended while we looked.
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
      throw error;
    }
  });
}

/** A directory that is removed, with what still runs for it. */
function remove(directory: string): void {
  for (const pid of processesOf(directory)) process.kill(pid, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

function temporary(): string {
  return mkdtempSync(path.join(tmpdir(), 'turnkeep-bench-test-'));
}

describe('a measure at its smallest', () => {
  let directory: string;
  let before: string[];
  beforeAll(() => {
    directory = temporary();
    makePackage(directory);
    before = readdirSync(directory);
  }, patience);
  afterAll(() => remove(directory));

  test.each(Object.keys(measures))(
    '%s tells numbers and leaves nothing',
    { timeout: patience },
    (name) => {
      const words = [bench, '--child', name, '--place', directory, '--quick'];
      const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
      expect(status, stderr).toBe(0);

      const { results, health } = JSON.parse(stdout.trim().split('\n').at(-1)!) as Told;
      expect(results.length).toBeGreaterThan(0);
      expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
      // A number that is none is null in JSON.
      for (const { id, value } of results) expect(value, id).toEqual(expect.any(Number));
      const lost = results.filter(({ target }) => target === 0);
      expect(lost.map(({ value }) => value)).toEqual(lost.map(() => 0));
      expect(health.failed).toBe(0);
      expect(readdirSync(directory)).toEqual(before);
      expect(processesOf(directory)).toEqual([]);
    },
  );
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  'a bench that gets %s in mid-measure leaves nothing',
  { timeout: patience },
  async (signal) => {
    const directory = temporary();
    onTestFinished(() => remove(directory));
    const child = spawn(process.execPath, [bench, '--only', 'latency'], {
      env: { ...process.env, TMPDIR: directory },
      stdio: 'ignore',
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    // Agents are at work, in sessions of their own.
    const agents = () => globSync(`${directory}/*/latency-*/state/hosts/*/in.ndjson`).length;
    while (agents() < 3) {
      expect(child.exitCode).toBeNull();
      await sleep(20);
    }
    child.kill(signal);

    expect(await closed).toBe(130);
    expect(readdirSync(directory)).toEqual([]);
    expect(processesOf(directory)).toEqual([]);
  },
);
