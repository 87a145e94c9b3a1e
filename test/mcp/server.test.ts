import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { serveMcp, type Tool, type ToolCalled } from '../../src/mcp/server.ts';
import { textResult } from '../../src/mcp/message.ts';
import type { Told } from './client.ts';

/** A server with one tool that ends when the test says so. */
function serve(call: Tool['call']) {
  const input = new PassThrough();
  const told: Told[] = [];
  const waiting = new Set<() => void>();
  const tool = { name: 'wait', description: 'Waits.', input: z.object({ what: z.string() }), call };
  const write = (line: string): void => {
    expect(line.endsWith('\n')).toBe(true);
    told.push(JSON.parse(line) as Told);
    for (const wake of waiting) wake();
  };
  const ended = serveMcp({ input, write, tools: [tool], version: '1.2.3' });
  const next = async (so: (one: Told) => boolean): Promise<Told> => {
    for (;;) {
      const found = told.find(so);
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
    }
  };
  const say = (...messages: unknown[]): void => {
    for (const one of messages)
      input.write(`${typeof one === 'string' ? one : JSON.stringify(one)}\n`);
  };
  const end = (): Promise<void> => (input.end(), ended);
  return { say, told, next, end };
}

const request = (id: number, method: string, params?: object) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params && { params }),
});
const callOf = (id: number, what: unknown, meta?: object) =>
  request(id, 'tools/call', { name: 'wait', arguments: { what }, ...(meta && { _meta: meta }) });
const never = () => new Promise<never>(() => {});

test('a client is told of version, tools and their schemas; one that asks for another version gets the newest', async () => {
  const { say, next, end } = serve(never);
  const hello = { capabilities: {}, clientInfo: { name: 'c', version: '0' } };
  say(request(1, 'initialize', { protocolVersion: '2025-06-18', ...hello }));
  say({ jsonrpc: '2.0', method: 'notifications/initialized' });
  say(request(2, 'initialize', { protocolVersion: '1999-01-01', ...hello }));
  say(request(3, 'tools/list'), request(4, 'ping'));
  expect((await next(({ id }) => id === 1)).result).toEqual({
    protocolVersion: '2025-06-18',
    capabilities: { tools: {} },
    serverInfo: { name: 'turnkeep', version: '1.2.3' },
  });
  expect((await next(({ id }) => id === 2)).result).toMatchObject({
    protocolVersion: '2025-11-25',
  });
  expect((await next(({ id }) => id === 3)).result).toMatchObject({
    tools: [
      { name: 'wait', description: 'Waits.', inputSchema: { type: 'object', required: ['what'] } },
    ],
  });
  expect((await next(({ id }) => id === 4)).result).toEqual({});
  await end();
});

test('S5: what makes no sense is refused with the code that the protocol has for it, and the rest goes on', async () => {
  const { say, told, next, end } = serve(async () => textResult('done'));
  say('{"jsonrpc":', '[]', '"x"', { jsonrpc: '1.0', id: 1, method: 'ping' });
  say({ jsonrpc: '2.0', id: 2, result: {} });
  say(request(3, 'resources/list'), request(4, 'tools/call'), callOf(5, 7));
  say(request(6, 'tools/call', { name: 'nope' }), callOf(7, 'x'));
  expect((await next(({ id }) => id === 7)).result).toEqual(textResult('done'));
  const codes = told.map(({ id, error }) => [id, error?.code]);
  expect(codes).toEqual([
    [null, -32700],
    [null, -32600],
    [null, -32600],
    [null, -32600],
    [3, -32601],
    [4, -32602],
    [5, -32602],
    [6, -32602],
    [7, undefined],
  ]);
  await end();
});

test('calls go on side by side; progress is told only to who wants it', async () => {
  const calls = new Map<string, { called: ToolCalled; done: (text: string) => void }>();
  const { say, told, next, end } = serve(
    (input, called) =>
      new Promise((resolve) => {
        const { what } = input as { what: string };
        calls.set(what, { called, done: (text) => resolve(textResult(text)) });
        called.progress('one');
        called.progress('two');
      }),
  );
  say(callOf(1, 'a', { progressToken: 'p' }), callOf(2, 'b'));
  await next(({ params }) => params?.progress === 2);
  say(request(3, 'ping'));
  await next(({ id }) => id === 3);
  calls.get('b')!.done('second');
  await next(({ id }) => id === 2);
  calls.get('a')!.done('first');
  expect((await next(({ id }) => id === 1)).result).toEqual(textResult('first'));
  expect(told.filter(({ method }) => method !== undefined).map(({ params }) => params)).toEqual([
    { progressToken: 'p', progress: 1, message: 'one' },
    { progressToken: 'p', progress: 2, message: 'two' },
  ]);
  await end();
});

test('what is taken back is not answered, and the end of the input takes all back', async () => {
  const signals: AbortSignal[] = [];
  const { say, told, next, end } = serve(async (_, { signal }) => {
    signals.push(signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve());
    await promise;
    return textResult('too late');
  });
  say(callOf(1, 'a'), callOf(2, 'b'));
  say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
  say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'other' } });
  say(request(3, 'ping'));
  await next(({ id }) => id === 3);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  await end();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  expect(told.map(({ id }) => id)).toEqual([3]);
});

test('a tool that breaks is an error of that call', async () => {
  const { say, next, end } = serve(async () => {
    throw new Error('broken');
  });
  say(callOf(1, 'a'));
  expect((await next(({ id }) => id === 1)).error).toEqual({ code: -32603, message: 'broken' });
  await end();
});
