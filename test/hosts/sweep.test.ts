import { mkdir, rmdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Host, Member } from '../../src/ports/hosts.ts';
import { alive, ended, gone, marked, spoken, until, Workshop } from './workshop.ts';

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.close());

/** The pid that the agent says as `child <pid>`. */
async function childOf(host: Host): Promise<number> {
  return Number((await spoken(host, /child (\d+)\n/))[1]);
}

/** Ways to get away. Each prints `child <pid>` of a process that would live on. */
const ways: readonly (readonly [string, string])[] = [
  ['in the group', 'sleep 1000 & echo child $!; wait'],
  ['in the group, ignoring SIGTERM', '(trap "" TERM; exec sleep 1000) & echo child $!; wait'],
  [
    'stopped',
    'sleep 1000 & until grep -q sleep /proc/$!/comm; do :; done; kill -STOP $!; echo child $!; wait',
  ],
  ['in a group of its own', 'set -m; sleep 1000 & echo child $!; wait'],
  ['in a session of its own', 'setsid sleep 1000 & echo child $!; wait'],
  ['left by its parents', '(setsid bash -c "echo child \\$\\$; exec sleep 1000" &) ; read -r x'],
  ['without its environment', 'env -i sleep 1000 & echo child $!; wait'],
  [
    'in a group of its own without its environment',
    'set -m; env -i sleep 1000 & echo child $!; wait',
  ],
  [
    'in a session of its own without its environment, its parents alive',
    'setsid env -i sleep 1000 & echo child $!; wait',
  ],
  [
    'below one with the marker, in a session and without an environment of its own',
    'setsid bash -c "setsid env -i sleep 1000 & echo child \\$!; wait" & wait',
  ],
];

describe('sweep', () => {
  test.each(ways)('R5: ends a process %s, and proves it', async (_name, script) => {
    const host = await workshop.agent(script);
    const child = await childOf(host);
    await until('the child to be itself', async () => {
      const members = await host.members();
      return members.some(({ pid, name }) => pid === child && name === 'sleep');
    });
    const proof = await host.sweep();
    expect(proof).toMatchObject({ method: 'swept', gone: true });
    expect(proof.ended.map(({ pid }) => pid)).toContain(child);
    expect(await alive(child)).toBe(false);
    expect(await ended(host)).toMatchObject({ witnessed: true });
    expect(await marked(host.id)).toEqual([]);
    expect(await host.members()).toEqual([]);
  });

  test.each(ways)(
    'R5: after SIGKILL of the group also ends a process %s',
    async (_name, script) => {
      const host = await workshop.agent(script);
      const child = await childOf(host);
      await host.members();
      await host.signal('SIGKILL');
      expect(await ended(host)).toMatchObject({ signal: 'SIGKILL' });
      expect(await host.sweep()).toMatchObject({ gone: true });
      expect(await alive(child)).toBe(false);
    },
  );

  test('R5: ends what left group, session, environment and parents, if it was seen before', async () => {
    const script =
      'setsid env -i bash -c "setsid sleep 1000 & echo child \\$!; sleep 999; true" & wait';
    const host = await workshop.agent(script);
    const child = await childOf(host);
    await until('it to be seen', async () =>
      (await host.members()).some(({ pid }) => pid === child),
    );
    const [between] = (await host.members()).filter(
      ({ pid, role, name }) => role === 'descendant' && pid !== child && name === 'bash',
    );
    process.kill(between!.pid, 'SIGKILL');
    await gone(between!.pid);
    const proof = await host.sweep();
    expect(proof.ended.map(({ pid }) => pid)).toContain(child);
    expect(await alive(child)).toBe(false);
  });

  test("R5: says how each was ended, and lets the wrapper tell the agent's end", async () => {
    const host = await workshop.agent(
      '(trap "" TERM; echo child $BASHPID; while :; do sleep 0.01; done) & sleep 1000 & wait',
    );
    const stubborn = await childOf(host);
    const before = await host.members();
    const proof = await host.sweep();
    const how = (role: Member['role']): string | undefined =>
      proof.ended.find(({ pid }) => pid === before.find((member) => member.role === role)?.pid)
        ?.how;
    expect(proof.ended.find(({ pid }) => pid === stubborn)?.how).toBe('killed');
    expect(how('agent')).toBe('terminated');
    expect(how('wrapper')).toBe('exited');
    expect(await ended(host)).toMatchObject({ signal: 'SIGTERM', witnessed: true });
  });

  test('R5: with a time it ends only what began after it, and the agent lives on', async () => {
    const host = await workshop.agent(
      'sleep 1000 & echo first $!; read -r x; setsid sleep 1000 & echo child $!; read -r y; exit 8',
    );
    const first = Number((await spoken(host, /first (\d+)\n/))[1]);
    // Start times have hundredths of a second.
    await new Promise((resolve) => setTimeout(resolve, 60));
    const startedAfter = Date.now() - 20;
    await host.write(0, new TextEncoder().encode('go\n'));
    const child = await childOf(host);
    const proof = await host.sweep({ startedAfter });
    expect(proof.ended.map(({ pid }) => pid)).toEqual([child]);
    expect(proof.gone).toBe(true);
    expect(await alive(first)).toBe(true);
    const roles = (await host.members()).map(({ role }) => role);
    expect(roles.toSorted()).toEqual(['agent', 'descendant', 'relay', 'wrapper']);
    await host.write(3, new TextEncoder().encode('end\n'));
    expect(await ended(host)).toMatchObject({ exitCode: 8 });
  });

  test('R5: with both times it spares what the next run starts while the sweep goes on', async () => {
    // The stubborn one is there for a second of grace; the next run begins in it.
    const host = await workshop.agent(
      '(trap "" TERM; echo child $BASHPID; while :; do sleep 0.01; done) & ' +
        'read -r x; setsid sleep 1000 & echo next $!; read -r y; exit 8',
    );
    const stubborn = await childOf(host);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const startedBefore = Date.now();
    const swept = host.sweep({ startedAfter: 0, startedBefore });
    await new Promise((resolve) => setTimeout(resolve, 60));
    await host.write(0, new TextEncoder().encode('go\n'));
    const next = Number((await spoken(host, /next (\d+)\n/))[1]);
    const proof = await swept;
    expect(proof).toMatchObject({ gone: true });
    expect(proof.ended.map(({ pid }) => pid)).toContain(stubborn);
    expect(await alive(stubborn)).toBe(false);
    expect(await alive(next)).toBe(true);
    await host.sweep({ startedBefore: Date.now() + 1000 });
    expect(await alive(next)).toBe(false);
    await host.write(3, new TextEncoder().encode('end\n'));
    expect(await ended(host)).toMatchObject({ exitCode: 8 });
  });

  test("R1 R5: never touches what is another host's, even one that was started from inside", async () => {
    const inner = workshop.host();
    const other = await workshop.agent('echo ready; sleep 1000 & wait');
    await spoken(other, 'ready');
    const host = await workshop.agent(
      `TURNKEEP_HOST=${inner} setsid sleep 1000 & echo child $!; wait`,
    );
    const child = await childOf(host);
    await until('the inner one', async () => (await marked(inner)).includes(String(child)));
    const theirs = (await other.members()).map(({ pid }) => pid);
    const proof = await host.sweep();
    expect(proof.ended.map(({ pid }) => pid)).not.toContain(child);
    for (const pid of [child, ...theirs]) expect(await alive(pid)).toBe(true);
    process.kill(child, 'SIGKILL');
    await gone(child);
  });

  test("R1: members are the host's processes, each with its role and the time it began", async () => {
    const before = Date.now();
    const host = await workshop.agent('sleep 1000 & echo child $!; wait');
    const child = await childOf(host);
    await until('the child to be itself', async () =>
      (await host.members()).some(({ pid, name }) => pid === child && name === 'sleep'),
    );
    const members = await host.members();
    expect(members.map(({ role, name }) => `${role} ${name}`).toSorted()).toEqual([
      'agent bash',
      'descendant sleep',
      'relay tail',
      'wrapper sh',
    ]);
    for (const { startedAt } of members) {
      expect(startedAt).toBeGreaterThan(before - 100);
      expect(startedAt).toBeLessThan(Date.now() + 100);
    }
    const wrapper = members.find(({ role }) => role === 'wrapper');
    expect(wrapper).toMatchObject({ pid: host.pid, startTime: host.startTime });
  });

  test("R5 R6: a sweep leaves the wrapper's own helpers alone until they have written the exit", async () => {
    const host = await workshop.agent('echo ready; read -r line; exit 5');
    await spoken(host, 'ready');
    // What is in its way delays the wrapper as a full disk does: it tries, sleeps and tries again.
    await mkdir(workshop.path(host.id, 'exit.new'));
    await host.write(0, new TextEncoder().encode('end\n'));
    const helper = async (): Promise<Member | undefined> =>
      (await host.members()).find(({ name }) => name === 'sleep');
    await until('the wrapper to wait', async () => (await helper())?.role === 'wrapper');
    const first = (await helper())?.pid;
    const swept = host.sweep();
    await until('it to try again while the sweep waits', async () => {
      const next = await helper();
      return next !== undefined && next.pid !== first;
    });
    await rmdir(workshop.path(host.id, 'exit.new'));
    const proof = await swept;
    expect(proof).toMatchObject({ gone: true });
    expect(new Set(proof.ended.map(({ how }) => how))).toEqual(new Set(['exited']));
    expect(await ended(host)).toEqual({ exitCode: 5, signal: null, witnessed: true });
  });

  test('R5: processes that keep starting others are all ended', async () => {
    const host = await workshop.agent(
      'f() { trap "" TERM; while :; do setsid sleep 0.3 & sleep 0.02; done; }; ' +
        'for i in 1 2 3; do f & done; echo ready; wait',
    );
    await spoken(host, 'ready');
    expect(await host.sweep()).toMatchObject({ gone: true });
    expect(await marked(host.id)).toEqual([]);
  });
});
