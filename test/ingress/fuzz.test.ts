import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { Transcript } from './transcript.ts';
import { type Answer, IngressWorld } from './world.ts';

const failure = ({ status, text }: Answer) => [status, JSON.parse(text).error.type];
const uuid = '3919018a-e376-4233-95bd-44af5cf54b72';

test('S5: what is no entry is refused with what to change, and makes no session', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '[{"uuid":"a"}]',
    '"text"',
    '12',
    'NaN',
    '{"uuid":"a"}{"uuid":"b"}',
    `\uFEFF{"uuid":"${uuid}"}`,
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    // A surrogate in bytes of its own is no UTF-8.
    Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x7d]),
    '{"uuid":"../../etc/passwd"}',
    '{"uuid":"a b"}',
    '{"uuid":"--help"}',
    `{"uuid":"${'u'.repeat(65)}"}`,
    '{"uuid":"\\u0000"}',
  ];
  for (const body of bodies) {
    expect([body, failure(await world.put(id, body, { token }))]).toEqual([body, [400, 'invalid']]);
  }
  const plain = { 'content-type': 'text/plain' };
  expect((await world.put(id, '{}', { token, headers: plain })).status).toBe(415);
  const packed = { 'content-encoding': 'gzip' };
  expect((await world.put(id, '{}', { token, headers: packed })).status).toBe(415);
  const large = { 'content-length': String(limits.ingressBytes + 1) };
  expect(failure(await world.put(id, '{}', { token, headers: large }))).toEqual([413, 'too_large']);
  for (const name of ['a%20b', '..%2Fup', 'agent:claude:new', 'x'.repeat(65), '%00']) {
    expect([name, (await world.put(name, '{}')).status]).toEqual([name, 400]);
  }
  expect((await world.client.sessions.list()).sessions).toEqual([]);
  expect(world.logged).toEqual([]);
});

test('L8 L11: odd entries are stored to the byte, and shown as far as they can be', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const said = (content: string) => `{"type":"user","message":{"role":"user","content":${content}}`;
  const bodies = [
    `${said('"\\ud83d alone"')},"uuid":"lone"}`,
    `${said('"big"')},"n":1e999,"m":-1e999,"uuid":"numbers"}`,
    `{"type":"assistant","message":{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{"n":1e999,"__proto__":{"a":1}}}]},"uuid":"input"}`,
    `${said('"deep"')},"x":${deep(5000)},"uuid":"deep"}`,
    `${said(deep(3000))},"uuid":"deepest"}`,
    `${said('"twice"')},"uuid":"first","uuid":"second"}`,
    `{"__proto__":{"uuid":"inherited"},"constructor":1,"toString":2}`,
    `{"uuid":7,"type":["user"],"message":null}`,
    `{"uuid":"","type":"user"}`,
    ` \r\n{\r\n"uuid" : "spaced"\r\n}\r\n`,
    `{"many":[${Array(40_000).fill('{}').join(',')}],"uuid":"many"}`,
    `${said('[{"type":"text","text":""},{"type":"image"},7,null]')},"uuid":"blocks"}`,
  ];
  let head: string | undefined;
  for (const body of bodies) {
    const headers = head === undefined ? {} : { 'last-uuid': head };
    const answer = await world.put(id, body, { token, headers });
    expect([body.slice(0, 60), answer.status]).toEqual([body.slice(0, 60), 201]);
    head = JSON.parse(answer.text).head ?? undefined;
    expect((await world.put(id, body, { token, headers })).status).toBe(200);
  }
  const read = await world.ask('GET', `/v1/session_ingress/session/${id}`);
  expect(read.text).toBe(`{"loglines":[${bodies.join(',')}]}`);
  const deliveries = await world.bench.of(id, 'delivery');
  expect(deliveries.map(({ data }) => data.content)).toEqual(
    ['\ud83d alone', 'big', 'twice'].map((text) => [{ type: 'text', text }]),
  );
  expect(await world.client.server.check()).toEqual({ faults: [], more: 0 });
  const file = await new Response(await world.client.sessions.export({ session: id })).text();
  const other = await IngressWorld.open();
  await other.client.sessions.import(file);
  const there = await other.ask('GET', `/v1/session_ingress/session/${id}`);
  expect(there.text).toBe(read.text);
  expect(world.logged).toEqual([]);
});

test('S5: a head is a word like any other, and what is none of the log is in conflict with it', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const transcript = new Transcript();
  const first = transcript.user('one');
  await world.put(id, JSON.stringify(first), { token });
  const heads = ['x', '\u00ff', 'a, b', '../..', 'undefined', 'null', '"', 'x'.repeat(6000), uuid];
  for (const head of heads) {
    const answer = await world.put(id, JSON.stringify(transcript.user('two')), {
      token,
      headers: { 'last-uuid': head },
    });
    expect([head.slice(0, 20), answer.status, answer.headers['x-last-uuid']]).toEqual([
      head.slice(0, 20),
      409,
      first.uuid,
    ]);
  }
});

test('L3 L8 S5: whatever is sent, it is stored once and whole or refused with a sentence', async () => {
  const world = await IngressWorld.open();
  const line = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc
      .dictionary(
        fc.constantFrom(
          'uuid',
          'type',
          'message',
          'sessionId',
          'cwd',
          'isSidechain',
          'toolUseResult',
        ),
        fc.oneof(
          fc.constantFrom<unknown>(
            'user',
            'assistant',
            'system',
            'summary',
            true,
            'id-1',
            'id-2',
            'id-3',
          ),
          fc.jsonValue({ maxDepth: 4 }),
          fc.record({ role: fc.constant('user'), content: fc.jsonValue({ maxDepth: 3 }) }),
        ),
      )
      .map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 12 }), async (bodies) => {
      const { id, token } = await world.log();
      const kept: string[] = [];
      let head: string | undefined;
      for (const body of bodies) {
        const headers = head === undefined ? {} : { 'last-uuid': head };
        const answer = await world.put(id, body, { token, headers });
        expect([200, 201, 400]).toContain(answer.status);
        const told = JSON.parse(answer.text);
        if (answer.status === 400) expect(told.error.message).toMatch(/^\S.{10,}/);
        else head = told.head ?? undefined;
        if (answer.status === 201) kept.push(body);
      }
      const { status, text } = await world.ask('GET', `/v1/session_ingress/session/${id}`);
      expect([status, text]).toEqual(
        kept.length === 0 ? [404, expect.anything()] : [200, `{"loglines":[${kept.join(',')}]}`],
      );
    }),
    { numRuns: 40 },
  );
  expect(world.logged).toEqual([]);
  expect(await world.client.server.check()).toEqual({ faults: [], more: 0 });
});
