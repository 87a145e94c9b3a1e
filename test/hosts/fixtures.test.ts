import { isUtf8 } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Framer } from '../../src/engine/spool/framer.ts';
import type { Host } from '../../src/ports/hosts.ts';
import { alive, ended, marked, spoken, text, until, Workshop } from './workshop.ts';

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.close());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function fixture(name: string, ...args: string[]): Promise<Host> {
  const script = join(import.meta.dirname, '../fixtures/agents', `${name}.mjs`);
  return workshop.launch(workshop.spec(process.execPath, [script, ...args]));
}

/** The spool's lines as the engine reads them: in chunks, from an offset. */
async function lines(host: Host, chunkBytes = 64 * 1024): Promise<string[]> {
  const framer = new Framer(0);
  const found = [];
  for (;;) {
    const chunk = await host.read(framer.offset, chunkBytes);
    if (chunk.length === 0) break;
    found.push(...framer.push(chunk));
  }
  const torn = framer.end();
  const all = torn === undefined ? found : [...found, torn];
  return all.map((line) => {
    if (line.kind === 'oversized') return 'oversized';
    return isUtf8(line.bytes) ? new TextDecoder().decode(line.bytes) : 'invalid';
  });
}

describe('fixture agents', () => {
  test('R6: burst-exit: every line is there', async () => {
    const host = await fixture('burst-exit', '5000');
    expect(await ended(host)).toMatchObject({ exitCode: 0 });
    expect(await lines(host)).toHaveLength(5000);
  });

  test('R3: exit-code: the code arrives, stderr is kept', async () => {
    const host = await fixture('exit-code', '42');
    expect(await ended(host)).toEqual({ exitCode: 42, signal: null, witnessed: true });
    expect(await host.stderrTail(1000)).not.toBe('');
  });

  test.each([['hang'], ['never-reads'], ['close-stdout']])(
    'R5: %s: ended by SIGTERM',
    async (name) => {
      const host = await fixture(name);
      await until('it to start', async () => (await host.size()) > 0);
      await host.write(0, bytes(`${'x'.repeat(1_000_000)}\n`));
      await host.signal('SIGTERM');
      expect(await ended(host)).toMatchObject({ signal: 'SIGTERM' });
    },
  );

  test('R5: ignore-term: lives through SIGTERM, ended by SIGKILL', async () => {
    const host = await fixture('ignore-term');
    await until('it to start', async () => (await host.size()) > 0);
    const before = await host.size();
    await host.signal('SIGTERM');
    await until('it to tell of the signal', async () => (await host.size()) > before);
    await host.signal('SIGKILL');
    expect(await ended(host)).toEqual({ exitCode: null, signal: 'SIGKILL', witnessed: true });
  });

  test('R5: stop-self: swept, with what waits for it', async () => {
    const host = await fixture('stop-self');
    await until('it to start', async () => (await host.size()) > 0);
    expect(await host.sweep()).toMatchObject({ gone: true });
    await ended(host);
    expect(await marked(host.id)).toEqual([]);
  });

  test.each([
    ['group', 'stay'],
    ['setsid', 'stay'],
    ['double', 'stay'],
    ['scrub', 'stay'],
    ['stdout', 'stay'],
    ['group', 'exit'],
    ['setsid', 'exit'],
    ['double', 'exit'],
    ['stdout', 'exit'],
  ])('R5 R6: grandchild %s, parent to %s: found and ended', async (variant, then) => {
    const host = await fixture('grandchild', variant, then);
    const said = await spoken(host, /"grandchild":\s*(\d+)/);
    const grandchild = Number(said[1]);
    if (then === 'exit') expect(await ended(host)).toMatchObject({ exitCode: 0 });
    expect(await alive(grandchild)).toBe(true);
    const proof = await host.sweep();
    expect(proof.gone).toBe(true);
    expect(proof.ended.map(({ pid }) => pid)).toContain(grandchild);
    expect(await alive(grandchild)).toBe(false);
    await ended(host);
  });

  test('L8: flood: 8 MiB without a newline are one torn line', async () => {
    const host = await fixture('flood', String(8 * 1024 * 1024));
    await ended(host);
    expect((await lines(host)).map((line) => line.length)).toEqual([8 * 1024 * 1024]);
  });

  test('L8 R6: flood with newlines, big-line: whole', async () => {
    const flood = await fixture('flood', String(4 * 1024 * 1024), '--newlines');
    await ended(flood);
    expect(await lines(flood)).toHaveLength(4096);
    const big = await fixture('big-line', '11000000');
    await ended(big);
    expect((await lines(big)).map((line) => line.length)).toEqual([10_999_999]);
  });

  test('L8: split-lines, torn, not-json: read in chunks of any size they are the same', async () => {
    for (const name of ['split-lines', 'torn', 'not-json']) {
      const host = await fixture(name);
      await ended(host);
      const whole = await lines(host);
      expect(whole.length).toBeGreaterThan(1);
      for (const size of [1, 7, 100]) expect(await lines(host, size)).toEqual(whole);
      const newline = (await text(host)).endsWith('\n');
      expect(newline, name).toBe(name !== 'torn');
    }
  });

  test('P1 R7: echo: 200 KB torn at byte 90,000 and completed by another daemon', async () => {
    const prompt = bytes(`${randomBytes(100_000).toString('hex')}\n`);
    const first = await fixture('echo');
    await first.write(0, prompt.subarray(0, 90_000));
    first.release();
    const recovered = await (await workshop.daemon()).recover(first.id);
    if (recovered.state !== 'found') throw new Error(recovered.state);
    const second = workshop.keep(recovered.host);
    await second.write(0, prompt);
    const digest = createHash('sha256').update(prompt.subarray(0, -1)).digest('hex');
    await spoken(second, digest);
    const [answer, ...rest] = await lines(second);
    expect(JSON.parse(answer ?? '')).toMatchObject({ length: 200_000, sha256: digest });
    expect(rest).toEqual([]);
  });
});
