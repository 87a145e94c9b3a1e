import { expect, test } from 'vitest';
import type { AgentCommand, AgentEvent } from '../../src/domain/agent-event.ts';
import type { Json } from '../../src/domain/json.ts';
import type { DecoderState } from '../../src/ports/agent.ts';
import {
  decodeAll,
  driver,
  idle,
  linesOfMessages,
  opened,
  result,
  running,
} from './conversation.ts';

const number = { type: 'number' };

/** What Claude Code says when the MCP server `wiki` asks its user. */
function elicitation(more: object): object {
  const request = { subtype: 'elicitation', mcp_server_name: 'wiki', message: 'Well?', ...more };
  return { type: 'control_request', request_id: 'q', request };
}

function encode(command: AgentCommand, state: DecoderState): readonly object[] {
  return driver.encode(state, command).map((line) => JSON.parse(line) as object);
}

/** The answer to the question as Claude Code gets it. */
function filled(state: DecoderState, content: Json): unknown {
  const [line] = driver.encode(state, {
    type: 'answer_question',
    request: 'q',
    outcome: 'answered',
    content,
  });
  return (JSON.parse(line!) as { response: { response: unknown } }).response.response;
}

/** Kept in the log, and answered: the server would wait. */
function expectRefused(events: readonly AgentEvent[]): void {
  expect(events.map(({ type }) => type)).toEqual(['unrecognized', 'send']);
  const [, sent] = events;
  const line = sent?.type === 'send' ? (JSON.parse(sent.line) as object) : {};
  expect(line).toMatchObject({ response: { subtype: 'error', request_id: 'q' } });
}

test('A1: a form of an MCP server is filled in by names or by one bare text', () => {
  const properties = {
    age: { type: 'integer' },
    sure: { type: 'boolean' },
    names: { type: 'array' },
    name: { type: 'string' },
  };
  const requested_schema = { type: 'object', properties, required: ['age'] };
  const { state, events } = opened().say(elicitation({ requested_schema }));
  expect(events).toMatchObject([
    { type: 'question', request: 'q', message: 'wiki asks: Well?', schema: requested_schema },
  ]);
  const told = (content: Json) => filled(state, content);
  expect(told('7')).toEqual({ action: 'accept', content: { age: 7 } });
  expect(told({ age: 7, sure: false })).toEqual({
    action: 'accept',
    content: { age: 7, sure: false },
  });
  expect(told({ age: 'old', sure: ' Yes ', names: 'A', name: '7', other: 'no' })).toEqual({
    action: 'accept',
    content: { age: 'old', sure: true, names: ['A'], name: '7', other: 'no' },
  });
});

test('A1: a form is declined or cancelled, and never allowed as a tool is', () => {
  const { state } = opened().say(elicitation({ requested_schema: { type: 'object' } }));
  const base = { type: 'answer_question', request: 'q' } as const;
  expect(encode({ ...base, outcome: 'declined' }, state)).toMatchObject([
    { response: { subtype: 'success', request_id: 'q', response: { action: 'decline' } } },
  ]);
  expect(encode({ ...base, outcome: 'withdrawn' }, state)).toMatchObject([
    { response: { response: { action: 'cancel' } } },
  ]);
  expect(encode({ ...base, outcome: 'answered' }, state)).toMatchObject([
    { response: { response: { action: 'accept', content: {} } } },
  ]);
  const again = { subtype: 'success', request_id: 'q', response: { action: 'decline' } };
  const settled = decodeAll(
    linesOfMessages([{ type: 'control_response', response: again }]),
    state,
  );
  expect(settled.events.flat()).toEqual([]);
  expect(settled.states.at(-1)).toMatchObject({ forms: [] });
});

test('A1: of pages only those of the web are shown, and the answer has no content', () => {
  const at = (url: string) => opened().say(elicitation({ mode: 'url', url }));
  const { state, events } = at('https://example.org/a?b#c');
  expect(events).toMatchObject([
    { type: 'question', schema: { properties: {}, url: 'https://example.org/a?b#c' } },
  ]);
  expect(filled(state, 'yes')).toEqual({ action: 'accept' });
  const long = `https://example.org/${'x'.repeat(5000)}`;
  const none = ['javascript:alert(1)', 'file:///etc/passwd', 'https://a b', ' http://a', '', long];
  for (const url of none) expectRefused(at(url).events);
  expectRefused(opened().say(elicitation({ mode: 'news', url: 'https://example.org' })).events);
  expectRefused(opened().say(elicitation({ requested_schema: 'none' })).events);
  const message = 7;
  expectRefused(opened().say(elicitation({ requested_schema: {}, message })).events);
});

test('A3: a form that the server takes back is withdrawn, and is not waited for', () => {
  const cancel = { type: 'control_cancel_request', request_id: 'q' };
  const { events, state } = opened().say(elicitation({ requested_schema: {} }), cancel);
  expect(events.map(({ type }) => type)).toEqual(['question', 'request_withdrawn']);
  expect(state).toMatchObject({ forms: [] });
});

test('A1: a form stays open after the turn, as a server may ask between two', () => {
  const { state } = opened().say(elicitation({ requested_schema: {} }), running, result(), idle);
  expect(filled(state, { a: 'b' })).toEqual({ action: 'accept', content: { a: 'b' } });
});

test('A1: forms without end leave a small state', () => {
  const long = 'x'.repeat(5000);
  const name = 'y'.repeat(250);
  const fields = Array.from({ length: 100 }, (_, at) => [`${name}${at}`, number] as const);
  const properties = Object.fromEntries(fields);
  const requested_schema = { type: 'object', properties, required: [long] };
  const forms = Array.from({ length: 300 }, (_, at) => ({
    ...elicitation({ requested_schema }),
    request_id: `q-${at}`,
  }));
  const { state } = opened().say(...forms);
  expect(JSON.stringify(state).length).toBeLessThan(512 * 1024);
  const told = encode(
    {
      type: 'answer_question',
      request: 'q-299',
      outcome: 'answered',
      content: { [`${name}7`]: '7' },
    },
    state,
  );
  expect(told).toMatchObject([{ response: { response: { content: { [`${name}7`]: 7 } } } }]);
});
