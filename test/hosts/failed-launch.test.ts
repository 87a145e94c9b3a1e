import { execFileSync } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launch } from '../../src/hosts/launch/launch.ts';
import { platformProcesses } from '../../src/hosts/platform/platform.ts';
import type { Processes } from '../../src/hosts/platform/processes.ts';
import { LaunchError, type Host, type LaunchSpec } from '../../src/ports/hosts.ts';
import { marked, until, Workshop } from './workshop.ts';

let workshop: Workshop;
const warnings: string[] = [];
beforeEach(async () => {
  workshop = await Workshop.open();
  warnings.length = 0;
});
afterEach(() => workshop.close());

const real = platformProcesses();
const tooMany = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }));

/** Launches where these looks at processes are answered otherwise. */
function launchWith(
  spec: LaunchSpec,
  processes: Partial<Processes>,
  launchMs = 30_000,
): Promise<Host> {
  const directory = join(workshop.directory, 'hosts');
  const warn = (what: string): number => warnings.push(what);
  return launch({ directory, warn, launchMs, processes: { ...real, ...processes } }, spec);
}

const ready = (): LaunchSpec =>
  workshop.spec('/bin/bash', ['-c', 'setsid sleep 1000 & echo ready; wait']);

describe('a launch that breaks after the spawn', () => {
  test('R1 R3: leaves no agent running, whatever it has started by then', async () => {
    const spec = ready();
    const launched = launchWith(spec, { commandLine: tooMany });
    await expect(launched).rejects.toThrow(LaunchError);
    await expect(launched).rejects.toThrow(/EMFILE/);
    expect(await marked(spec.host)).toEqual([]);
  });

  test('R1 R3: is told only after what failed at first has worked and all is ended', async () => {
    const spec = ready();
    let left = 3;
    const list: Processes['list'] = () => ((left -= 1) >= 0 ? tooMany() : real.list());
    const commandLine = async (): Promise<never> => {
      await until('the agent to work', async () => (await marked(spec.host)).length > 3);
      return tooMany();
    };
    await expect(launchWith(spec, { commandLine, list })).rejects.toThrow(/EMFILE/);
    expect(left).toBeLessThan(0);
    expect(warnings).toHaveLength(3);
    expect(await marked(spec.host)).toEqual([]);
  });

  test('R1 R3: ends by itself when its time is over, and what it has started with it', async () => {
    const spec = ready();
    const never = new Promise<never>(() => {});
    const launched = launchWith(spec, { commandLine: () => never }, 400);
    await expect(launched).rejects.toMatchObject({ name: 'LaunchError', reason: 'other' });
    await expect(launched).rejects.toThrow('within 0.4 s');
    expect(await marked(spec.host)).toEqual([]);
  });

  test('R1 R3: that is late before the spawn starts nothing afterwards', async () => {
    const spec = workshop.spec('/bin/bash', ['-c', 'echo ready; sleep 1000']);
    await mkdir(workshop.path(spec.host), { recursive: true });
    // To open it for writing takes until somebody reads: a disk that does not answer.
    const stuck = workshop.path(spec.host, 'err.log');
    execFileSync('mkfifo', [stuck]);
    await expect(launchWith(spec, {}, 300)).rejects.toThrow('within 0.3 s');
    const reader = await open(stuck, 'r');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await marked(spec.host)).toEqual([]);
    await reader.close();
  });
});
