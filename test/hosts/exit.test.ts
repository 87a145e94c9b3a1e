import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ended, gone, spoken, text, until, Workshop } from './workshop.ts';
import type { Host } from '../../src/ports/hosts.ts';

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.close());

async function pidOf(host: Host, role: string): Promise<number> {
  const member = (await host.members()).find((candidate) => candidate.role === role);
  expect(member, role).toBeDefined();
  return member!.pid;
}

describe('exit', () => {
  test('R6: nothing of a burst is lost when the agent exits at once', async () => {
    for (let round = 0; round < 5; round++) {
      const host = await workshop.agent('seq 1 20000; exit 7');
      expect(await ended(host)).toEqual({ exitCode: 7, signal: null, witnessed: true });
      const lines = (await text(host)).split('\n');
      expect(lines).toHaveLength(20_001);
      expect(lines.at(-2)).toBe('20000');
    }
  });

  test.each([[0], [3], [74], [126], [127], [128], [255]])(
    'R3: exit code %i of an agent that spoke arrives',
    async (code) => {
      const host = await workshop.agent(`echo; exit ${code}`);
      expect(await ended(host)).toEqual({ exitCode: code, signal: null, witnessed: true });
    },
  );

  test('R3: a status over 128 is told as the signal, by whomever', async () => {
    const host = await workshop.agent('exit 143');
    expect(await ended(host)).toEqual({ exitCode: null, signal: 'SIGTERM', witnessed: true });
  });

  test.each([['SIGTERM'], ['SIGINT'], ['SIGHUP'], ['SIGKILL'], ['SIGSEGV']] as const)(
    'R5: %s to the agent ends it and is told',
    async (signal) => {
      const host = await workshop.agent('echo ready; exec sleep 1000');
      await spoken(host, 'ready');
      process.kill(await pidOf(host, 'agent'), signal);
      expect(await ended(host)).toEqual({ exitCode: null, signal, witnessed: true });
    },
  );

  test('R5: signals go to the group of the agent, never to wrapper and relay', async () => {
    const host = await workshop.agent(
      'trap "" TERM; sleep 1000 & echo ready; wait; wait; read -r x',
    );
    await spoken(host, 'ready');
    const relay = await pidOf(host, 'relay');
    const child = (await host.members()).find(({ name }) => name === 'sleep')!;
    await host.signal('SIGTERM');
    process.kill(child.pid, 'SIGKILL');
    await gone(child.pid);
    await host.signal('SIGTERM');
    expect(await pidOf(host, 'agent')).toBeGreaterThan(0);
    expect(await pidOf(host, 'wrapper')).toBe(host.pid);
    expect(await pidOf(host, 'relay')).toBe(relay);
    await host.signal('SIGKILL');
    expect(await ended(host)).toEqual({ exitCode: null, signal: 'SIGKILL', witnessed: true });
    await gone(host.pid);
    await gone(relay);
  });

  test('R5: a stopped agent takes SIGTERM, and stopping is not an end', async () => {
    const host = await workshop.agent('echo ready; kill -STOP $$; echo never');
    await spoken(host, 'ready');
    const agent = await pidOf(host, 'agent');
    await until('the agent to be stopped', async () => (await state(agent)) === 'T');
    expect(await Promise.race([host.ended, host.members().then(() => 'lives')])).toBe('lives');
    await host.signal('SIGTERM');
    expect(await ended(host)).toMatchObject({ signal: 'SIGTERM' });
    expect(await text(host)).toBe('ready\n');
  });

  test('R5: SIGSTOP and SIGCONT reach the whole group', async () => {
    const host = await workshop.agent('sleep 1000 & echo ready; wait');
    await spoken(host, 'ready');
    await until('the child to be there', async () => (await host.members()).length === 4);
    const pids = (await host.members()).slice(2).map(({ pid }) => pid);
    for (const [signal, expected] of [
      ['SIGSTOP', 'T'],
      ['SIGCONT', 'S'],
    ] as const) {
      await host.signal(signal);
      for (const pid of pids) await until(signal, async () => (await state(pid)) === expected);
    }
  });

  test('R6: an agent that closed its stdout lives', async () => {
    const host = await workshop.agent('echo ready; exec >&- ; read -r line; exit 5');
    await spoken(host, 'ready');
    await host.write(0, new TextEncoder().encode('go\n'));
    expect(await ended(host)).toMatchObject({ exitCode: 5 });
  });

  test("R6: the end is the agent's, not that of a child that holds its stdout", async () => {
    const host = await workshop.agent('echo ready; (sleep 1000; echo late) & exit 4');
    expect(await ended(host)).toMatchObject({ exitCode: 4 });
    expect(await text(host)).toBe('ready\n');
    const left = await host.members();
    expect(left.map(({ role }) => role)).not.toContain('agent');
    expect(left.some(({ role }) => role === 'descendant')).toBe(true);
    expect(await host.sweep()).toMatchObject({ method: 'swept', gone: true });
  });

  test('R7: an agent whose wrapper was killed goes on, and its end is known without a witness', async () => {
    const host = await workshop.agent('echo ready; read -r line; echo "$line"; exit 6');
    await spoken(host, 'ready');
    process.kill(host.pid, 'SIGKILL');
    await gone(host.pid);
    await host.write(0, new TextEncoder().encode('still here\n'));
    await spoken(host, 'still here');
    expect(await ended(host)).toEqual({ exitCode: null, signal: null, witnessed: false });
    expect(await host.sweep()).toMatchObject({ gone: true });
  });

  test("R7: the machine's own SIGTERM to everyone leaves a wrapper that tells the end", async () => {
    const host = await workshop.agent('echo ready; exec sleep 1000');
    await spoken(host, 'ready');
    const pids = (await host.members()).map(({ pid }) => pid);
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    expect(await ended(host)).toMatchObject({ signal: 'SIGTERM', witnessed: true });
  });

  test('R6: what the agent wrote to stderr is kept apart and can be shown', async () => {
    const host = await workshop.agent('echo out; echo "grün, then 1234" >&2; exit 1');
    await ended(host);
    expect(await text(host)).toBe('out\n');
    expect(await host.stderrTail(1000)).toBe('grün, then 1234\n');
    expect(await host.stderrTail(5)).toBe('1234\n');
  });
});

async function state(pid: number): Promise<string | undefined> {
  const { readFile } = await import('node:fs/promises');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return /\) (\w) /.exec(stat)?.[1];
}
