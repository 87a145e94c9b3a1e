import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Appender,
  type AppenderOptions,
  type AppendResult,
  createAppender,
  type IngressEvent,
} from '../../../src/client/index.ts';
import { lineOf } from '../../../src/client/ingress/line.ts';
import { MemoryOutbox } from '../../../src/client/ingress/memory-outbox.ts';
import type { KeptLog } from '../../../src/client/ingress/outbox.ts';
import { type Fault, LogServer, type LogServerChoices } from './log-server.ts';

let server: LogServer;
let appenders: Appender[] = [];
let told: { code: IngressEvent; status: number | null; attempt: number }[] = [];
beforeEach(() => {
  appenders = [];
  told = [];
});
afterEach(async () => {
  await Promise.all(appenders.map((appender) => appender.close()));
  await server.close();
});

async function serve(choices: LogServerChoices = {}): Promise<void> {
  server = await LogServer.open(choices);
}

/** Waits are a hundred times shorter; nothing else differs. */
const pace = {
  random: () => 0.5,
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms / 100);
    return () => clearTimeout(timer);
  },
};

async function appending(options: Partial<AppenderOptions> = {}): Promise<Appender> {
  const appender = await createAppender({
    url: server.url,
    token: 'secret',
    onConflict: 'rebase',
    pace,
    onEvent: (code, about) => void told.push({ code, ...about }),
    ...options,
  });
  appenders.push(appender);
  return appender;
}

function entry(uuid: string): { uuid: string; type: string } {
  return { uuid, type: 'user' };
}

async function settled(
  appender: Appender,
  ...entries: ({ uuid?: string; type: string } | string)[]
): Promise<AppendResult[]> {
  const receipts = await Promise.all(entries.map((each) => appender.append('s', each)));
  return Promise.all(receipts.map((receipt) => receipt.settled));
}

const stored = { result: 'stored', session: 's' };
const codes = (): IngressEvent[] => told.map(({ code }) => code);

describe('to a log', () => {
  test('L3 L5: entries of a session are sent one after the other, each after the one before', async () => {
    await serve({ batches: false });
    const appender = await appending();
    expect(await settled(appender, entry('a'), entry('b'), entry('c'))).toEqual([
      stored,
      stored,
      stored,
    ]);
    expect(server.uuids('s')).toEqual(['a', 'b', 'c']);
    expect(server.asked.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'PUT']);
    expect(server.asked.map(({ headers }) => headers['last-uuid'])).toEqual([undefined, 'a', 'b']);
  });

  test('L4: many go in one request where the server says that it takes that', async () => {
    await serve();
    const appender = await appending({ batch: { entries: 4 } });
    const entries = Array.from({ length: 9 }, (_, at) => entry(`u${at}`));
    const results = await settled(appender, ...entries);
    expect(results).toEqual(entries.map(() => stored));
    expect(server.uuids('s')).toEqual(entries.map(({ uuid }) => uuid));
    expect(server.asked.map(({ method, body }) => [method, body.split('uuid').length - 1])).toEqual(
      [
        ['PUT', 1],
        ['POST', 4],
        ['POST', 4],
      ],
    );
    expect(codes()).toEqual(entries.map(() => 'stored'));
  });

  test('L8: a text stays as it is, and one of several lines is not torn by a batch', async () => {
    await serve();
    const appender = await appending();
    const odd = '{ "uuid":"odd",\n "n": 12345678901234567890.10, "b":1,"b":2 }';
    await settled(appender, entry('a'), entry('b'), odd, entry('c'));
    expect(server.uuids('s')).toEqual(['a', 'b', 'odd', 'c']);
    expect(server.logs.get('s')?.[2]?.text).toBe(odd);
  });

  test.each([
    ['[1]', 'entry'],
    [new Date(0), 'entry'],
    ['{"uuid":"a"', 'entry'],
    ['{"uuid":"a","text":"\ud800"}', 'entry'],
    ['{"uuid":"a b"}', 'uuid'],
    ['{"uuid":"ä"}', 'uuid'],
    ['{"uuid":7}', 'uuid'],
  ])('S5: %s is refused before anything is sent', async (text, field) => {
    await serve();
    const appender = await appending();
    await expect(appender.append('s', text)).rejects.toMatchObject({
      refusal: { code: 'invalid', field },
    });
    expect(server.asked).toEqual([]);
  });

  test('S5: an outbox has room for so much, and again when some is stored', async () => {
    await serve();
    const appender = await appending({ outbox: new MemoryOutbox(60) });
    const first = await appender.append('s', entry('a'));
    await expect(appender.append('s', entry('b'.repeat(40)))).rejects.toMatchObject({
      refusal: { code: 'limited' },
    });
    expect(await first.settled).toEqual(stored);
    expect(await settled(appender, entry('c'))).toEqual([stored]);
  });

  test('S5: what is known of logs does not grow with their number', async () => {
    await serve();
    const appender = await appending({ heads: 2 });
    for (const session of ['one', 'two', 'three', 'one']) {
      const uuid = `${session}-${server.asked.length}`;
      await (
        await appender.append(session, entry(uuid))
      ).settled;
    }
    expect(appender.waiting()).toEqual([]);
    // The first one was forgotten: the log says where it is.
    expect(server.asked.map(({ headers }) => headers['last-uuid'])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'one-0',
    ]);
    expect(server.uuids('one')).toEqual(['one-0', 'one-3']);
  });
});

describe('answers that are none', () => {
  const html = { 'content-type': 'text/html' };
  const faults: [string, Fault[]][] = [
    ['500, 502, 503, 504', [500, 502, 503, 504].map((answer) => ({ answer }))],
    ['lost after it was stored', ['lose', 'lose']],
    ['connection cut before', ['cut', 'cut']],
    ['half an answer', ['half']],
    ['a login page', [{ answer: 200, headers: html, body: '<html>' }]],
    ['204, 302, 408, 425', [204, 408, 425].map((answer) => ({ answer }))],
    ['a redirect', [{ answer: 307, headers: { location: 'http://127.0.0.1:1/' } }]],
    ['no answer at all', ['hang']],
    ['409 without a head, and then no log either', [{ answer: 409 }]],
  ];
  test.each(faults)('L1 L3: %s: it is sent again until it is there, once', async (_, each) => {
    await serve();
    const appender = await appending({ timeoutMs: 20_000 });
    server.faults = [...each];
    const results = await settled(appender, entry('a'), entry('b'));
    expect(results.map(({ result }) => result)).toEqual([
      expect.stringMatching(/stored|duplicate/),
      'stored',
    ]);
    expect(server.uuids('s')).toEqual(['a', 'b']);
  });

  test('L1 L3: the answer to a batch that is no JSON, or too short, counts as lost', async () => {
    await serve();
    const appender = await appending();
    const nonsense = { answer: 200, body: '{"entries":[{"duplicate":false}]}' };
    server.faults = ['right', nonsense, { answer: 201, body: 'ok' }];
    const results = await settled(appender, entry('a'), entry('b'), entry('c'));
    expect(results.map(({ result }) => result)).toEqual(['stored', 'stored', 'stored']);
    expect(server.uuids('s')).toEqual(['a', 'b', 'c']);
    expect(codes().filter((code) => code === 'nonsense')).toHaveLength(2);
  });

  test('S5: what the server asks to wait is waited, in seconds or until a date', async () => {
    await serve();
    const waits: number[] = [];
    const noting = {
      random: () => 0,
      after(ms: number, run: () => void) {
        waits.push(ms);
        return pace.after(ms < 30_000 ? 0 : ms, run);
      },
    };
    const appender = await appending({ pace: noting });
    server.faults = [
      { answer: 429, headers: { 'retry-after': '7' } },
      { answer: 503, headers: { 'retry-after': new Date(Date.now() + 20_000).toUTCString() } },
    ];
    expect(await settled(appender, entry('a'))).toEqual([stored]);
    expect(waits).toContain(7000);
    expect(waits.filter((ms) => ms > 15_000 && ms <= 20_000)).toHaveLength(1);
    expect(told.map(({ code, status, attempt }) => [code, status, attempt])).toEqual([
      ['retry', 429, 1],
      ['retry', 503, 2],
      ['stored', 201, 3],
    ]);
  });

  test('L1 P1: after the deadline it is told so, kept, and sent with the next entry, in order', async () => {
    await serve();
    const appender = await appending({ deadlineMs: 60_000 });
    server.faults = Array.from({ length: 100 }, () => ({ answer: 500 }));
    const gone = { result: 'gave_up', kept: true, status: 500 };
    expect(await settled(appender, entry('a'), entry('b'))).toEqual([gone, gone]);
    expect(appender.waiting()).toEqual([{ session: 's', entries: 2, stuck: gone }]);
    server.faults = [];
    expect(await settled(appender, entry('c'))).toEqual([stored]);
    expect(server.uuids('s')).toEqual(['a', 'b', 'c']);
  });

  test.each([400, 413, 422])(
    'L8: %d for one entry: it is told, and the ones after it are stored',
    async (answer) => {
      await serve();
      const appender = await appending();
      const body = JSON.stringify({ error: { type: 'invalid_request_error', message: 'No.' } });
      server.faults = ['right', { answer, body }, { answer, body }];
      const results = await settled(appender, entry('a'), entry('bad'), entry('c'));
      const rejected = { result: 'rejected', kept: false, status: answer, message: 'No.' };
      expect(results).toEqual([stored, rejected, stored]);
      expect(server.uuids('s')).toEqual(['a', 'c']);
    },
  );

  test('L8: 404 is about the log and not about the entry: nothing is dropped', async () => {
    await serve();
    const appender = await appending();
    server.faults = [{ answer: 404 }];
    const results = await settled(appender, entry('a'), entry('b'));
    expect(results).toMatchObject([
      { result: 'rejected', kept: true, status: 404 },
      { result: 'rejected', kept: true, status: 404 },
    ]);
    appender.resume('s');
    await appender.rest();
    expect(server.uuids('s')).toEqual(['a', 'b']);
  });
});

describe('tokens', () => {
  test('S1: the token is asked for again, and a new one is used at once', async () => {
    await serve({ token: 'new' });
    const given: (string | null)[] = [];
    const appender = await appending({
      token: async ({ refused }) => {
        given.push(refused);
        return refused === null ? 'old' : 'new';
      },
    });
    expect(await settled(appender, entry('a'))).toEqual([stored]);
    expect(given).toEqual([null, 'old']);
    expect(codes()).toEqual(['token_refused', 'stored']);
  });

  test('S1: a token that stays refused is the end, and what waits is kept', async () => {
    await serve({ token: 'other' });
    const appender = await appending();
    const none = { result: 'no_credential', kept: true, status: 401 };
    expect(await settled(appender, entry('a'), entry('b'))).toEqual([none, none]);
    expect(server.asked).toHaveLength(1);
    server.token = 'secret';
    expect(await settled(appender, entry('c'))).toEqual([stored]);
    expect(server.uuids('s')).toEqual(['a', 'b', 'c']);
  });

  test('S1: who cannot give a token at the moment is asked again; nothing of it is told', async () => {
    await serve();
    let asked = 0;
    const appender = await appending({
      token: async () => {
        asked += 1;
        if (asked < 3) throw new Error('secret words');
        return 'secret';
      },
    });
    expect(await settled(appender, entry('a'))).toEqual([stored]);
    expect(codes()).toEqual(['token_failed', 'token_failed', 'stored']);
    expect(JSON.stringify(told)).not.toContain('words');
  });

  test('L4: a writer that was fenced stops, keeps what it has, and goes on only when it is told to', async () => {
    await serve();
    const appender = await appending();
    const body = JSON.stringify({ error: { type: 'fenced', message: 'Taken over.' } });
    server.faults = [{ answer: 401, body }];
    const fenced = { result: 'fenced', kept: true };
    expect(await settled(appender, entry('a'))).toEqual([fenced]);
    expect(await settled(appender, entry('b'))).toEqual([fenced]);
    expect(server.asked).toHaveLength(1);
    appender.resume('s');
    await appender.rest();
    expect(server.uuids('s')).toEqual(['a', 'b']);
  });
});

describe('somebody else has written', () => {
  test('L5: rebase goes on after what is there', async () => {
    await serve();
    const appender = await appending();
    await settled(appender, entry('a'));
    server.write('s', entry('theirs'));
    expect(await settled(appender, entry('b'), entry('c'))).toEqual([stored, stored]);
    expect(server.uuids('s')).toEqual(['a', 'theirs', 'b', 'c']);
    expect(codes()).toEqual(['stored', 'conflict', 'rebased', 'stored', 'stored']);
  });

  test('L5: where the server does not tell the head, it is found in the log', async () => {
    await serve({ tells: false });
    const appender = await appending();
    server.write('s', entry('theirs'), { type: 'without a name' });
    expect(await settled(appender, entry('a'))).toEqual([stored]);
    expect(server.asked.map(({ method }) => method)).toEqual(['PUT', 'GET', 'PUT']);
    expect(codes()).toContain('head_read');
    expect(server.uuids('s')).toEqual(['theirs', null, 'a']);
  });

  test('L5: fail tells the caller, who has looked when it goes on', async () => {
    await serve();
    const appender = await appending({ onConflict: 'fail' });
    server.write('s', entry('theirs'));
    const receipt = await appender.append('s', entry('a'), { after: null });
    const conflict = { result: 'conflict', kept: true, head: 'theirs' };
    expect(await receipt.settled).toEqual(conflict);
    expect(await settled(appender, entry('b'))).toEqual([conflict]);
    appender.resume('s', { after: 'theirs' });
    await appender.rest();
    expect(server.uuids('s')).toEqual(['theirs', 'a', 'b']);
  });

  test('L3 L5: an old entry once more is no conflict, whatever is done about those', async () => {
    await serve();
    const appender = await appending({ onConflict: 'fail' });
    await (
      await appender.append('s', entry('a'), { after: null })
    ).settled;
    const mode = { type: 'mode' };
    const again = await settled(appender, mode, entry('b'), entry('a'), mode, entry('c'));
    expect(again.map(({ result }) => result)).toEqual([
      'stored',
      'stored',
      'duplicate',
      'duplicate',
      'stored',
    ]);
    expect(server.uuids('s')).toEqual(['a', null, 'b', 'c']);
  });

  test('L3: a nameless entry of a process that was killed is known again, whatever was written since', async () => {
    await serve();
    const [mode, line] = [{ type: 'mode' }, lineOf({ type: 'mode' })];
    server.write('s', entry('a'), mode, entry('theirs'));
    class Left extends MemoryOutbox {
      override async kept(): Promise<readonly KeptLog[]> {
        const lines = await this.accept('s', [line]);
        return [{ session: 's', lines, head: null, tried: { number: 1, head: 'a' }, fork: null }];
      }
    }
    const appender = await appending({ outbox: new Left() });
    await appender.rest();
    expect(codes()).toEqual(['duplicate']);
    expect(server.uuids('s')).toEqual(['a', null, 'theirs']);
  });

  test('L5: what is given up is given up by the caller alone', async () => {
    await serve();
    const appender = await appending({ onConflict: 'fail' });
    server.write('s', entry('theirs'));
    await (
      await appender.append('s', entry('a'), { after: null })
    ).settled;
    await appender.discard('s');
    expect(appender.waiting()).toEqual([]);
    expect(await settled(appender, entry('b'))).toMatchObject([{ result: 'conflict' }]);
  });

  test('L5 L7: fork goes on in a session of its own, with what was known before', async () => {
    await serve();
    const appender = await appending({ onConflict: 'fork' });
    await (
      await appender.append('s', entry('a'), { after: null })
    ).settled;
    await settled(appender, entry('b'));
    server.write('s', entry('theirs'));
    const [result] = await settled(appender, entry('c'));
    expect(result).toMatchObject({ result: 'stored' });
    const { session } = result as { session: string };
    expect(session).not.toBe('s');
    expect(server.uuids('s')).toEqual(['a', 'b', 'theirs']);
    expect(server.uuids(session)).toEqual(['a', 'b', 'c']);
    expect(await settled(appender, entry('d'))).toEqual([{ result: 'stored', session }]);
    expect(codes()).toContain('forked');
  });

  test('L3 L5: two at once and lost answers: all is there once, each in its order', async () => {
    await serve();
    const two = [
      await appending({ batch: { entries: 3 } }),
      await appending({ batch: { entries: 5 } }),
    ];
    server.faults = Array.from({ length: 120 }, (_, at) =>
      at % 5 === 0 ? 'lose' : at % 7 === 0 ? { answer: 503 } : 'right',
    );
    const results = await Promise.all(
      two.map(async (appender, who) => {
        const fates: Promise<AppendResult>[] = [];
        for (let at = 0; at < 60; at += 1) {
          const each = at % 4 === 0 ? { type: 'mode', who, at } : entry(`w${who}-${at}`);
          fates.push((await appender.append('s', each)).settled);
        }
        return Promise.all(fates);
      }),
    );
    for (const { result } of results.flat()) expect(result).toMatch(/stored|duplicate/);
    const log = server.logs.get('s')!;
    expect(log).toHaveLength(120);
    for (const who of [0, 1]) {
      const mine = log.flatMap(({ text }) => {
        const { uuid, who: writer, at } = JSON.parse(text) as Record<string, unknown>;
        if (writer === who) return [at];
        return String(uuid).startsWith(`w${who}-`) ? [Number(String(uuid).slice(3))] : [];
      });
      expect(mine).toEqual(Array.from({ length: 60 }, (_, at) => at));
    }
  });
});
