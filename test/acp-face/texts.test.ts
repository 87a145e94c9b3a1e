import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ContentBlock, textOf } from '../../src/domain/content.ts';
import type { BlobRef } from '../../src/domain/content.ts';
import { Daemon } from './daemon.ts';
import { Editor, type Way, ways } from './editor.ts';

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.open();
});
afterAll(() => daemon.close());

/** Texts of the log as they are, also those that lie beside it. */
async function logged(session: string): Promise<{ role: string; id: string; text: string }[]> {
  const log = await daemon.log(session);
  const texts: { role: string; id: string; text: string }[] = [];
  for (const entry of log) {
    const role = roles[entry.kind];
    if (role === undefined) continue;
    const { content } = entry.data as { content: readonly ContentBlock[] };
    const id = entry.kind === 'delivery' ? entry.about! : entry.id;
    texts.push({ role, id, text: await wholeText(session, content) });
  }
  return texts;
}
const roles: { readonly [kind: string]: string } = {
  delivery: 'user',
  message: 'agent',
  thought: 'thought',
};

async function wholeText(session: string, content: readonly ContentBlock[]): Promise<string> {
  const [first] = content;
  const { blob } = first as { blob?: BlobRef };
  if (blob === undefined) return textOf(content);
  const bytes: Buffer[] = [];
  for (let offset: number | null = 0; offset !== null;) {
    const part: { base64: string; next: number | null } = await daemon.client.blobs.get({
      session,
      digest: blob.digest,
      offset,
    });
    bytes.push(Buffer.from(part.base64, 'base64'));
    offset = part.next;
  }
  return Buffer.concat(bytes).toString();
}

const step = fc.oneof(
  fc.integer({ min: 1, max: 400 }).map((length) => `[[long ${length}|${length}]]`),
  // Longer than an entry keeps by itself.
  fc.integer({ min: 70_000, max: 90_000 }).map((length) => `[[chunk 4000]] [[long ${length}|3]]`),
  fc.stringMatching(/^[a-z ]{1,60}$/).map((text) => `[[say ${text}.]]`),
  fc.stringMatching(/^[a-z ]{1,60}$/).map((text) => `[[think ${text}.]]`),
  fc.integer({ min: 1, max: 60 }).map((ms) => `[[sleep ${ms}]]`),
  fc.constant('[[run echo hi; sleep 0.05; echo ho]]'),
);
const scriptOf = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  pace: fc.constantFrom(0, 3),
  chunk: fc.constantFrom(0, 7, 4000),
});

test(
  'V1 V4: what editors put together from updates is the log, whenever they have joined',
  { timeout: 180_000 },
  async () => {
    const editors = await Promise.all([...ways, ...ways].map((way) => Editor.open(daemon, way)));
    const joins = fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(scriptOf, joins, async ({ steps, pace, chunk }, delays) => {
        const [first, ...others] = editors as [Editor, ...Editor[]];
        const session = await first.session(daemon.cwd);
        const begun = first.updates.length;
        const asked = first.prompt(
          session,
          `[[pace ${pace}]] [[chunk ${chunk}]] ${steps.join(' ')}`,
        );
        const joined = others.map(async (editor, at) => {
          const from = editor.updates.length;
          await new Promise((resolve) => setTimeout(resolve, delays[at]));
          await editor.load(session);
          return from;
        });
        const froms = await Promise.all(joined);
        expect((await asked).stopReason).toBe('end_turn');
        const wanted = await logged(session);
        expect(first.shown(session, begun)).toEqual(wanted.filter(({ role }) => role !== 'user'));
        for (const [at, editor] of others.entries()) {
          const shown = () => JSON.stringify(editor.shown(session, froms[at]));
          await editor.until('all of it', () => shown() === JSON.stringify(wanted));
        }
      }),
      { numRuns: 12, endOnFailure: true },
    );
    await Promise.all(editors.map((editor) => editor.close()));
  },
);

test.for(ways)(
  'V3 L6: an editor over %s that reads nothing holds up nobody, and then gets everything once',
  { timeout: 120_000 },
  async (way: Way) => {
    const [fast, slow] = [await Editor.open(daemon, way), await Editor.open(daemon, way)];
    const session = await fast.session(daemon.cwd);
    const from = slow.updates.length;
    await slow.load(session);
    slow.stall(true);
    const before = await memory();
    for (let round = 0; round < 4; round += 1) {
      const text = '[[pace 0]] [[chunk 500]] [[repeat 400]] [[long 5000|1]] [[think x]] [[end]]';
      expect((await fast.prompt(session, text)).stopReason).toBe('end_turn');
    }
    // Eight million characters have gone by.
    expect((await memory()) - before).toBeLessThan(150 * 1024 * 1024);
    slow.stall(false);
    const wanted = await logged(session);
    const count = wanted.reduce((sum, { text }) => sum + text.length, 0);
    expect(count).toBeGreaterThan(7_000_000);
    const seen = () => slow.shown(session, from).reduce((sum, { text }) => sum + text.length, 0);
    await slow.until('all of it', () => slow.updates.length > 3000 && seen() === count, 60_000);
    expect(slow.shown(session, from)).toEqual(wanted);
    await Promise.all([fast.close(), slow.close()]);
  },
);

/** Resident bytes of the daemon. */
async function memory(): Promise<number> {
  const { pid } = await daemon.client.server.info();
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}
