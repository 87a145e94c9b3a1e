import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launch } from '../../src/hosts/launch/launch.ts';
import { platformProcesses } from '../../src/hosts/platform/platform.ts';
import { ended, gone, spoken, text, Workshop } from './workshop.ts';

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.close());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('input', () => {
  test('P1 R7: what is offered again is not written again, only what is missing', async () => {
    const host = await workshop.launch(workshop.spec('cat'));
    await host.write(0, bytes('one\ntw'));
    await host.write(0, bytes('one\n'));
    await host.write(0, bytes('one\n'));
    await host.write(4, bytes('two\n'));
    await host.write(0, bytes('one\ntwo\nthree\n'));
    await host.write(3, new Uint8Array(0));
    await spoken(host, 'three\n');
    expect(await text(host)).toBe('one\ntwo\nthree\n');
    expect(await host.inputSize()).toBe(14);
  });

  test('P1: bytes beyond the end would leave a gap and are refused, and the next are taken', async () => {
    const host = await workshop.launch(workshop.spec('cat'));
    await host.write(0, bytes('one\n'));
    await expect(host.write(5, bytes('x'))).rejects.toThrow(/gap/);
    await host.write(4, bytes('two\n'));
    await spoken(host, 'one\ntwo\n');
  });

  test('P1: writes that do not wait for each other stay in order', async () => {
    const host = await workshop.launch(workshop.spec('cat'));
    const lines = Array.from({ length: 500 }, (_, number) => `line ${number}\n`);
    let offset = 0;
    await Promise.all(
      lines.map((line) => {
        const written = host.write(offset, bytes(line));
        offset += line.length;
        return written;
      }),
    );
    await spoken(host, 'line 499\n');
    expect(await text(host)).toBe(lines.join(''));
  });

  test('V6 P1: an agent that never reads holds nobody up, and its input is complete', async () => {
    const host = await workshop.agent('exec sleep 1000');
    const block = new Uint8Array(1024 * 1024).fill(0x61);
    const began = performance.now();
    for (let at = 0; at < 16; at++) await host.write(at * block.length, block);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(await host.inputSize()).toBe(16 * block.length);
    await host.signal('SIGTERM');
    expect(await ended(host)).toMatchObject({ signal: 'SIGTERM' });
  });

  test('R7: the agent never sees the end of its input, a line of 11 MB arrives whole', async () => {
    const host = await workshop.agent('read -r a; head -c 11000000 | wc -c; read -r b; echo "$b"');
    const big = bytes(`first\n${'x'.repeat(11_000_000)}`);
    await host.write(0, big);
    await spoken(host, '^11000000\n');
    await host.write(big.length, bytes('last\n'));
    expect(await ended(host)).toMatchObject({ exitCode: 0 });
    expect(await text(host)).toBe('11000000\nlast\n');
  });
});

describe('spool', () => {
  test('R6 V4: changes are told soon, and many of them as few', async () => {
    const host = await workshop.agent('echo ready; read -r x; seq 1 200000; read -r y');
    await spoken(host, 'ready');
    let calls = 0;
    const stop = host.onChange(() => calls++);
    await host.write(0, bytes('go\n'));
    await spoken(host, '\n200000\n');
    expect(calls).toBeLessThan(2000);
    stop();
    const before = calls;
    await host.write(3, bytes('go\n'));
    await ended(host);
    expect(calls).toBe(before);
  });

  test('R6: reading is by offset, bounded, and empty at the end and beyond it', async () => {
    const host = await workshop.agent('printf 0123456789');
    await ended(host);
    const read = async (offset: number, max: number): Promise<string> =>
      new TextDecoder().decode(await host.read(offset, max));
    expect(await read(0, 4)).toBe('0123');
    expect(await read(8, 100)).toBe('89');
    expect(await read(10, 100)).toBe('');
    expect(await read(1000, 100)).toBe('');
    expect(await host.size()).toBe(10);
  });

  test('R7: 60 hosts at once each have their own answers', async () => {
    const hosts = await workshop.daemon();
    const all = await Promise.all(
      Array.from({ length: 60 }, async () =>
        workshop.keep(await hosts.launch(workshop.spec('cat'))),
      ),
    );
    await Promise.all(all.map((host) => host.write(0, bytes(`${host.id}\n`))));
    await Promise.all(all.map((host) => spoken(host, `^${host.id}\n$`)));
    await Promise.all(all.map((host) => host.signal('SIGTERM')));
    const ends = await Promise.all(all.map(ended));
    expect(new Set(ends.map(({ signal }) => signal))).toEqual(new Set(['SIGTERM']));
  });
});

describe('relay', () => {
  test('P1: where tail would poll, our own script relays', async () => {
    const processes = { ...platformProcesses(), tailWaits: () => Promise.resolve(false) };
    const warn = (what: string): void => void workshop.warnings.push(what);
    const directory = join(workshop.directory, 'hosts');
    await mkdir(directory, { mode: 0o700 });
    const context = { directory, processes, warn, launchMs: 30_000 };
    const host = workshop.keep(await launch(context, workshop.spec('cat')));
    const relay = (await host.members()).find(({ role }) => role === 'relay');
    expect(relay?.name).toMatch(/node|MainThread/);
    const block = `${'x'.repeat(99_999)}\n`;
    for (let at = 0; at < 10; at++) await host.write(at * block.length, bytes(block));
    await host.write(10 * block.length, bytes('last\n'));
    await spoken(host, 'last\n');
    expect(await text(host)).toBe(`${block.repeat(10)}last\n`);
    await host.signal('SIGTERM');
    await ended(host);
    // The wrapper itself ends a moment after it has written the exit.
    await gone(host.pid);
    expect(await host.members()).toEqual([]);
  });

  test('P1: tail that is asked to poll relays, too', async () => {
    const hosts = await workshop.daemon();
    for (let at = 0; at < 65; at++) await mkdir(workshop.path(`full${at}`), { mode: 0o700 });
    const host = workshop.keep(await hosts.launch(workshop.spec('cat')));
    await host.write(0, bytes('one\n'));
    await spoken(host, 'one\n');
    await host.write(4, bytes('two\n'));
    await spoken(host, 'two\n');
  });
});
