import { expect, test } from 'vitest';
import { refusedRequests } from '../../src/agents/codex/ignored.ts';
import { limits } from '../../src/domain/limits.ts';
import { command, delta, item, note, opened, started } from './conversation.ts';

const { say } = opened();

test('L8: requests that are known and not served are refused', () => {
  for (const method of Object.keys(refusedRequests)) {
    expect(say({ id: 6, method, params: {} }).events).toMatchObject([
      { type: 'send', line: expect.stringContaining('-32601') as string },
    ]);
  }
});

test('of open calls only so many are remembered', () => {
  const calls = Array.from({ length: limits.openToolCalls + 9 }, (_, n) => {
    return item('started', command(`c${n}`));
  });
  const { state } = say(started, ...calls);
  expect((state as { calls: readonly unknown[] }).calls).toHaveLength(limits.openToolCalls);
});

test('what a thread of a sub-agent says is not of this one, but what it asks is asked', () => {
  const other = { threadId: 'other', itemId: 'm', delta: 'x' };
  expect(say({ method: 'item/agentMessage/delta', params: other }).events).toEqual([]);
  const question = { command: 'ls', threadId: 'other', itemId: 'c9' };
  const asked = { id: 0, method: 'item/commandExecution/requestApproval', params: question };
  expect(say(asked).events).toMatchObject([{ type: 'approval' }]);
});

test('a text too long to be compared stays incomplete when it breaks off', () => {
  const retry = note('error', { willRetry: true, error: { message: 'x' } });
  const { events } = say(delta('m', 'z'.repeat(100_000)), retry, delta('m2', 'z'));
  expect(events.filter((event) => event.type === 'text_end')).toMatchObject([{ incomplete: true }]);
});

test('live output is the end of what was printed', () => {
  const { events } = say(
    started,
    item('started', command('c')),
    note('item/commandExecution/outputDelta', { itemId: 'c', delta: `${'a'.repeat(100_000)}b` }),
  );
  const output =
    events.at(-1)?.type === 'tool_output' ? (events.at(-1) as { text: string }).text : '';
  expect(output.length).toBeLessThanOrEqual(limits.outputChars);
  expect(output.endsWith('ab')).toBe(true);
});

test('the same warning is told once', () => {
  const warning = note('warning', { message: 'Model metadata not found.' });
  expect(say(warning, warning).events).toHaveLength(1);
});
