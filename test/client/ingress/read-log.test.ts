import { afterEach, describe, expect, test } from 'vitest';
import { hydrate, type IngressEvent, teleport } from '../../../src/client/index.ts';
import { JsonCutter, NotThatJson } from '../../../src/client/ingress/json-cutter.ts';
import { LogServer, type LogServerChoices } from './log-server.ts';
import fc from 'fast-check';

let server: LogServer;
let told: IngressEvent[] = [];
afterEach(() => server?.close());

async function serve(count: number, choices: LogServerChoices = {}): Promise<string[]> {
  server = await LogServer.open(choices);
  told = [];
  const uuids = Array.from({ length: count }, (_, at) => `u${at}`);
  server.write('s', ...uuids.map((uuid) => ({ uuid, text: `of "${uuid}" \\ ]}`, n: [{}] })));
  return uuids;
}

const pace = {
  random: () => 0.5,
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms / 100);
    return () => clearTimeout(timer);
  },
};

function access(): Parameters<typeof hydrate>[0] {
  const { url } = server;
  return {
    url,
    token: 'secret',
    pace,
    deadlineMs: 20_000,
    onEvent: (code) => void told.push(code),
  };
}

describe('hydrate', () => {
  test('L6: entries come as they were written, to the byte, and all of them is said', async () => {
    const uuids = await serve(50);
    const odd = '{ "uuid":"odd", "n":12345678901234567890.50, "é": "\\ud800 \u2028" }';
    server.logs.get('s')!.push({ uuid: 'odd', text: odd });
    const { entries, end } = await hydrate(access(), 's').all();
    expect(entries.map(({ uuid }) => uuid)).toEqual([...uuids, 'odd']);
    expect(entries.at(-1)?.text).toBe(odd);
    expect(end).toEqual({ complete: true, entries: 51 });
  });

  test('L6: an answer that breaks off goes on where it broke', async () => {
    const uuids = await serve(50);
    server.breaks = [10, 3, 49, 20];
    server.faults = ['cut', { answer: 503 }];
    const { entries, end } = await hydrate(access(), 's').all();
    expect(entries.map(({ uuid }) => uuid)).toEqual(uuids);
    expect(end.complete).toBe(true);
    expect(server.asked).toHaveLength(7);
  });

  test('L8: a log that is another one when it is asked for again is not taken for the same', async () => {
    await serve(50);
    server.breaks = [10];
    const read = hydrate(access(), 's');
    const seen: (string | null)[] = [];
    for await (const { uuid } of read) {
      seen.push(uuid);
      if (seen.length === 2) server.logs.get('s')!.reverse();
    }
    expect(await read.end).toEqual({ complete: false, why: 'changed', entries: seen.length });
  });

  test('S1: no log, no token, and no end of failures are told as what they are', async () => {
    await serve(1);
    expect((await hydrate(access(), 'other').all()).end).toMatchObject({ why: 'not_found' });
    const stranger = { ...access(), token: 'wrong' };
    expect((await hydrate(stranger, 's').all()).end).toMatchObject({ why: 'no_credential' });
    server.faults = [{ answer: 400 }];
    expect((await hydrate(access(), 's').all()).end).toMatchObject({ why: 'refused' });
    server.faults = Array.from({ length: 99 }, () => ({ answer: 500 }));
    expect((await hydrate(access(), 's').all()).end).toMatchObject({ why: 'gave_up' });
  });

  test.each([
    '',
    '{}',
    '[]',
    '{"loglines":{}}',
    '{"loglines":[1 2]}',
    '<html>',
    '{"loglines":[]} x',
  ])('L8: %j is no log', async (body) => {
    await serve(1);
    server.faults = Array.from({ length: 99 }, () => ({ answer: 200, body }));
    const { end } = await hydrate({ ...access(), deadlineMs: 3000 }, 's').all();
    expect(end).toMatchObject({ complete: false, why: expect.stringMatching(/nonsense|gave_up/) });
  });

  test('L6: who leaves early is told that it was not all', async () => {
    await serve(50);
    const read = hydrate(access(), 's');
    for await (const { uuid } of read) if (uuid === 'u4') break;
    expect(await read.end).toEqual({ complete: false, why: 'stopped', entries: 5 });
    const leaving = new AbortController();
    const aborted = hydrate({ ...access(), signal: leaving.signal }, 's');
    for await (const { uuid } of aborted) if (uuid === 'u2') leaving.abort();
    expect(await aborted.end).toMatchObject({ complete: false, why: 'stopped' });
  });
});

describe('teleport', () => {
  test('L6: page after page, also over pages that fail', async () => {
    const uuids = await serve(50);
    server.faults = ['right', { answer: 500 }, 'cut'];
    server.breaks = [4, 2];
    const { entries, end } = await teleport({ ...access(), pageEntries: 7 }, 's').all();
    expect(entries.map(({ entry }) => entry?.uuid)).toEqual(uuids);
    expect(entries[0]).toMatchObject({ id: 'e0', type: 'native', isCompaction: false });
    expect(entries.map(({ entry }) => entry?.text)).toEqual(
      server.logs.get('s')!.map(({ text }) => text),
    );
    expect(end).toEqual({ complete: true, entries: 50 });
  });

  test('L6: so many pages and no more, and from where to read on', async () => {
    const uuids = await serve(50);
    const bounds = { ...access(), pageEntries: 10, pages: 2 };
    const first = await teleport(bounds, 's').all();
    expect(first.end).toEqual({ complete: false, why: 'page_limit', entries: 20, cursor: '20' });
    const rest = await teleport({ ...access(), cursor: '20' }, 's').all();
    expect(rest.end.complete).toBe(true);
    expect([...first.entries, ...rest.entries].map(({ entry }) => entry?.uuid)).toEqual(uuids);
  });

  test('L6: a server without pages gives its entries, and no log is no log there, too', async () => {
    const uuids = await serve(5, { pages: false });
    const { entries, end } = await teleport(access(), 's').all();
    expect(entries.map(({ id }) => id)).toEqual(uuids);
    expect(end.complete).toBe(true);
    expect(told).toContain('fell_back');
    expect((await teleport(access(), 'none').all()).end).toMatchObject({ why: 'not_found' });
  });

  test('L8: a cursor that does not move, and a log that is gone in between, are no end', async () => {
    await serve(50);
    const page = (cursor: string): string =>
      `{"data":[{"event_id":"x"}],"next_cursor":"${cursor}"}`;
    server.faults = [
      { answer: 200, body: page('5') },
      { answer: 200, body: page('5') },
    ];
    expect((await teleport(access(), 's').all()).end).toMatchObject({
      why: 'nonsense',
      cursor: '5',
    });
    server.faults = [{ answer: 200, body: page('5') }, { answer: 404 }];
    expect((await teleport(access(), 's').all()).end).toMatchObject({ why: 'gone', cursor: '5' });
  });
});

describe('the cutter', () => {
  test('L6 L8: finds the same elements however the text is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
        fc.array(fc.nat(9), { minLength: 1, maxLength: 9 }),
        fc.boolean(),
        (values, others, sizes, spaced) => {
          const { loglines: _, ...more } = others;
          const whole = { a: 1, loglines: values, ...more };
          const text = JSON.stringify(whole, null, spaced ? 2 : 0);
          const cutter = new JsonCutter('loglines', text.length);
          const found: unknown[] = [];
          let at = 0;
          for (let turn = 0; at < text.length; turn += 1) {
            const size = 1 + sizes[turn % sizes.length]!;
            for (const each of cutter.push(text.slice(at, at + size))) found.push(JSON.parse(each));
            at += size;
          }
          expect(found).toEqual(JSON.parse(JSON.stringify(values)));
          expect(cutter.whole).toBe(true);
          expect([...cutter.others.keys()].toSorted()).toEqual(
            ['a', ...Object.keys(more)].toSorted(),
          );
        },
      ),
    );
  });

  test('S5: a value without an end is given up', () => {
    const cutter = new JsonCutter('loglines', 100);
    expect(() => Array.from(cutter.push(`{"loglines":["${'x'.repeat(200)}`))).toThrow(NotThatJson);
  });
});
