import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { wrapperName, wrapperScript } from '../../src/hosts/launch/wrapper.ts';
import type { Host, Recovered } from '../../src/ports/hosts.ts';
import { alive, ended, gone, marked, spoken, text, until, Workshop } from './workshop.ts';

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.close());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const waits = 'echo ready; while read -r line; do echo "$line"; done';

async function recover(host: string): Promise<Recovered> {
  const recovered = await (await workshop.daemon()).recover(host);
  if (recovered.state !== 'never-started') workshop.keep(recovered.host);
  return recovered;
}

async function found(host: string, exited = false): Promise<Host> {
  const recovered = await recover(host);
  if (recovered.state !== 'found') throw new Error(`not found but ${recovered.state}`);
  expect(recovered.exited).toBe(exited);
  return recovered.host;
}

describe('recover', () => {
  test('R7: a host without a directory never started, and can never start any more', async () => {
    const spec = workshop.spec('true');
    expect(await recover(spec.host)).toEqual({ state: 'never-started' });
    expect(await recover(spec.host)).toEqual({ state: 'never-started' });
    await expect(workshop.launch(spec)).rejects.toThrow(/claimed already/);
  });

  test('R7 R1: a wrapper that comes after never-started ends without starting the agent', async () => {
    const host = workshop.host();
    const directory = workshop.path(host);
    const witness = join(workshop.directory, 'started');
    await mkdir(directory, { recursive: true });
    for (const file of ['in.ndjson', 'out.ndjson']) await writeFile(join(directory, file), '');
    expect(await recover(host)).toEqual({ state: 'never-started' });
    expect(await wrapper(directory, witness)).toBe(75);
    await (await workshop.daemon()).remove(host);
    expect(await wrapper(directory, witness)).toBe(74);
    await expect(readFile(witness)).rejects.toThrow('ENOENT');
    await expect(readFile(directory)).rejects.toThrow('ENOENT');
  });

  test('R7: a wrapper and a recovery that race agree on who was first', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const spec = workshop.spec('/bin/bash', ['-c', waits]);
      const launched = workshop.launch(spec).then(
        (host) => host.id,
        () => 'refused',
      );
      await new Promise((resolve) => setTimeout(resolve, round * 0.7));
      const recovered = await recover(spec.host);
      outcomes.add(recovered.state);
      expect(await launched).toBe(recovered.state === 'found' ? spec.host : 'refused');
      if (recovered.state === 'found') await recovered.host.sweep();
      await until('nothing to be left', async () => (await marked(spec.host)).length === 0);
    }
    expect(outcomes).not.toContain('lost');
  });

  test('R7: another daemon goes on where the first let go', async () => {
    const first = await workshop.agent(waits);
    await first.write(0, bytes('one\n'));
    await spoken(first, 'one\n');
    first.release();
    const second = await found(first.id);
    expect(second).toMatchObject({
      pid: first.pid,
      startTime: first.startTime,
      bootId: first.bootId,
    });
    expect(await second.inputSize()).toBe(4);
    await second.write(0, bytes('one\n'));
    await second.write(4, bytes('two\n'));
    await spoken(second, 'two\n');
    expect(await text(second)).toBe('ready\none\ntwo\n');
    await second.signal('SIGKILL');
    expect(await ended(second)).toEqual({ exitCode: null, signal: 'SIGKILL', witnessed: true });
  });

  test('R7 R6: an agent that ended while no daemon was there is found with its output and its end', async () => {
    const first = await workshop.agent('read -r line; seq 1 5000; exit 9');
    await first.write(0, bytes('go\n'));
    first.release();
    await until('the wrapper to end', async () => !(await alive(first.pid)));
    const second = await found(first.id, true);
    expect(await ended(second)).toEqual({ exitCode: 9, signal: null, witnessed: true });
    expect((await text(second)).split('\n')).toHaveLength(5001);
    expect(await second.members()).toEqual([]);
    expect(await second.sweep()).toEqual({ method: 'swept', ended: [], gone: true });
  });

  test('R7: ten daemons in a row lose and double nothing', async () => {
    let host = await workshop.agent(waits);
    let said = 'ready\n';
    let sent = 0;
    for (let round = 0; round < 10; round++) {
      const line = bytes(`line ${round}\n`);
      await host.write(sent, line);
      sent += line.length;
      said += `line ${round}\n`;
      host.release();
      host = await found(host.id);
    }
    await spoken(host, 'line 9\n');
    expect(await text(host)).toBe(said);
  });

  test('R7: a daemon that is killed at any instant leaves a host that is settled', async () => {
    const states: string[] = [];
    for (let round = 0; round < 24; round++) {
      const host = workshop.host();
      const { daemon, said } = startDaemon(host, ['/bin/bash', '-c', waits]);
      await said('launching');
      await new Promise((resolve) => setTimeout(resolve, round * 1.5));
      daemon.kill('SIGKILL');
      await new Promise((resolve) => daemon.once('exit', resolve));
      const recovered = await recover(host);
      states.push(recovered.state);
      if (recovered.state === 'found') {
        await recovered.host.write(0, bytes('hello\n'));
        await spoken(recovered.host, 'ready\nhello\n');
        expect(await recovered.host.sweep()).toMatchObject({ gone: true });
      }
      await until('nothing to be left', async () => (await marked(host)).length === 0);
    }
    expect(new Set(states)).toEqual(new Set(['never-started', 'found']));
  });

  test('R7 R6: an agent outlives the kill of its daemon, and its end is known within 5 s', async () => {
    const host = workshop.host();
    const { daemon, said } = startDaemon(host, ['/bin/bash', '-c', waits]);
    await said('launched');
    daemon.kill('SIGKILL');
    await new Promise((resolve) => daemon.once('exit', resolve));
    const second = await found(host);
    const agent = (await second.members()).find(({ role }) => role === 'agent')!;
    await second.write(0, bytes('after\n'));
    await spoken(second, 'after');
    const killedAt = performance.now();
    process.kill(agent.pid, 'SIGTERM');
    expect(await ended(second)).toMatchObject({ signal: 'SIGTERM', witnessed: true });
    expect(performance.now() - killedAt).toBeLessThan(5000);
  });

  test('P1 R7: a prompt of 200 KB torn at byte 90,000 is completed by the next daemon', async () => {
    const prompt = bytes(`${randomBytes(100_000).toString('hex')}\n`);
    const first = await workshop.launch(
      workshop.spec('/bin/bash', ['-c', 'echo ready; head -c 200001 | sha256sum; read -r rest']),
    );
    await spoken(first, 'ready');
    await first.write(0, prompt.subarray(0, 90_000));
    first.release();
    const second = await found(first.id);
    expect(await second.inputSize()).toBe(90_000);
    await second.write(0, prompt);
    const digest = createHash('sha256').update(prompt).digest('hex');
    await spoken(second, digest);
    expect(await second.inputSize()).toBe(prompt.length);
  });
});

describe('recover: lost', () => {
  test('R7 R1: without its wrapper an agent is lost, and what is left of it is ended', async () => {
    const first = await workshop.agent(`(exec sleep 1000) & ${waits}`);
    await spoken(first, 'ready');
    await until('the child', async () => (await first.members()).length === 4);
    const [wrapper, ...others] = await first.members();
    first.release();
    process.kill(wrapper!.pid, 'SIGKILL');
    await gone(wrapper!.pid);
    const recovered = await recover(first.id);
    if (recovered.state !== 'lost') throw new Error(recovered.state);
    expect(recovered.proof).toMatchObject({ method: 'swept', gone: true });
    const ids = (list: readonly { pid: number }[]): number[] =>
      list.map(({ pid }) => pid).toSorted((a, b) => a - b);
    expect(ids(recovered.proof.ended)).toEqual(ids(others));
    expect(await text(recovered.host)).toBe('ready\n');
    const exit = { exitCode: null, signal: null, witnessed: false };
    expect(await ended(recovered.host)).toEqual(exit);
  });

  test('R7: another boot is lost, and processes that have its numbers now are left alone', async () => {
    const first = await workshop.agent(waits);
    await spoken(first, 'ready');
    first.release();
    const claim = await readFile(workshop.path(first.id, 'claim'), 'utf8');
    const other = claim.replace(first.bootId, '00000000-0000-4000-8000-000000000000');
    await replaceClaim(first.id, other);
    const recovered = await recover(first.id);
    expect(recovered).toMatchObject({
      state: 'lost',
      proof: { method: 'rebooted', ended: [], gone: true },
    });
    if (recovered.state !== 'lost') return;
    await recovered.host.signal('SIGKILL');
    expect(await recovered.host.members()).toEqual([]);
    expect(await ended(recovered.host)).toMatchObject({ witnessed: false });
    expect(await alive(first.pid)).toBe(true);
    await replaceClaim(first.id, claim);
  });

  test('R7: a process with the pid of a claim but another start time is not the wrapper', async () => {
    const bystander = await workshop.agent(waits);
    await spoken(bystander, 'ready');
    const id = workshop.host();
    await mkdir(workshop.path(id), { recursive: true });
    await writeFile(workshop.path(id, 'out.ndjson'), 'last words');
    const { pid, startTime, bootId } = bystander;
    await writeFile(workshop.path(id, 'claim'), `${pid} ${startTime - 1} ${bootId}\n`);
    const recovered = await recover(id);
    expect(recovered).toMatchObject({ state: 'lost', proof: { ended: [], gone: true } });
    expect(recovered.state === 'lost' && (await text(recovered.host))).toBe('last words');
    expect(await bystander.members()).toHaveLength(3);
  });

  test.each([[''], ['123'], ['\0\0\0\0'], ['1 2 3']])(
    'R7: a claim that a power cut left as %j is lost, not an error',
    async (claim) => {
      const id = workshop.host();
      await mkdir(workshop.path(id), { recursive: true });
      await writeFile(workshop.path(id, 'claim'), claim);
      const recovered = await recover(id);
      expect(recovered.state).toBe('lost');
      expect(recovered.state === 'lost' && (await recovered.host.size())).toBe(0);
    },
  );
});

async function replaceClaim(host: string, claim: string): Promise<void> {
  await rm(workshop.path(host, 'claim'));
  await writeFile(workshop.path(host, 'claim'), claim);
}

function wrapper(directory: string, witness: string): Promise<number | null> {
  const args = [
    '-c',
    wrapperScript,
    wrapperName,
    directory,
    '',
    '',
    '',
    '',
    '/usr/bin/touch',
    witness,
  ];
  const child = spawn('/bin/sh', args, { detached: true, stdio: 'ignore' });
  return new Promise((resolve) => child.once('exit', resolve));
}

/** A process of its own that launches the host, and what it says on the way. */
function startDaemon(
  host: string,
  agent: readonly string[],
): { daemon: ChildProcess; said: (word: string) => Promise<void> } {
  const script = join(import.meta.dirname, 'daemon.ts');
  const directory = join(workshop.directory, 'hosts');
  const daemon = spawn(process.execPath, [script, directory, host, ...agent], {
    cwd: workshop.directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let all = '';
  daemon.stdout.setEncoding('utf8');
  const said = (word: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (chunk = ''): void => {
        all += chunk;
        if (all.includes(`${word}\n`)) resolve();
      };
      daemon.stdout.on('data', look);
      daemon.once('exit', () => reject(new Error(`the daemon ended before it was ${word}`)));
      look();
    });
  return { daemon, said };
}
