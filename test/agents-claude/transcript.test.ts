import { expect, test } from 'vitest';
import fc from 'fast-check';
import { claudeAgent } from '../../src/agents/claude/driver.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { ReadLine, Shown } from '../../src/domain/native.ts';

const { memory } = claudeAgent({ program: 'claude', env: {}, trusted: [] });

function read(line: object): ReadLine {
  return memory!.read(line as JsonObject);
}

function shows(line: object): readonly Shown[] {
  return read(line).shows;
}

const common = {
  isSidechain: false,
  uuid: '3919018a-e376-4233-95bd-44af5cf54b72',
  timestamp: '2026-11-20T23:09:58.553Z',
  cwd: '/home/somebody/work',
  sessionId: '12a287cc-2ae5-450a-b0b8-9b0ccfc50206',
};

function said(content: unknown, more: object = {}): object {
  return { ...common, type: 'user', message: { role: 'user', content }, ...more };
}

function answered(content: readonly object[], more: object = {}): object {
  const usage = { input_tokens: 130, output_tokens: 23, cache_read_input_tokens: 7 };
  const message = { id: 'msg_3', role: 'assistant', model: 'a-model', content, usage };
  return { ...common, type: 'assistant', message, ...more };
}

const text = (words: string): object => ({ type: 'text', text: words });
const words = (line: object): unknown =>
  shows(line).flatMap((shown) => ('content' in shown ? shown.content : []));

test('a line says its name, its session and where it was written', () => {
  expect(read(said('hello'))).toMatchObject({
    name: common.uuid,
    session: common.sessionId,
    cwd: common.cwd,
    boundary: false,
  });
  expect(read({ type: 'last-prompt', lastPrompt: 'x', sessionId: 's' })).toEqual({
    name: null,
    session: 's',
    boundary: false,
    shows: [],
  });
});

test('prompts are deliveries, as a text or as blocks with images', () => {
  expect(shows(said('hello'))).toEqual([{ kind: 'delivery', content: [text('hello')] }]);
  const source = { type: 'base64', media_type: 'image/png', data: 'AAAA' };
  expect(shows(said([text('look'), { type: 'image', source }]))).toEqual([
    {
      kind: 'delivery',
      content: [text('look'), { type: 'image', mimeType: 'image/png', data: 'AAAA' }],
    },
  ]);
  const prompt = [text('while you work')];
  const attachment = { type: 'queued_command', commandMode: 'prompt', prompt };
  expect(shows({ ...common, type: 'attachment', attachment })).toEqual([
    { kind: 'delivery', content: prompt },
  ]);
});

test('what Claude Code tells the model by itself is no prompt', () => {
  const own = [
    said('a caveat', { isMeta: true }),
    said('<local-command-stdout>Compacted </local-command-stdout>'),
    said([text('<system-reminder>\nthe date\n</system-reminder>')]),
    said([text('[Request interrupted by user]')]),
    said('the task', { isSidechain: true, agentId: 'ac8' }),
    said('on it goes', { origin: { kind: 'task-notification' } }),
    said('on it goes', { promptSource: 'system' }),
    { ...common, type: 'attachment', attachment: { type: 'date', date: '2026-11-20' } },
    { ...common, type: 'system', subtype: 'local_command', content: 'Session renamed' },
  ];
  for (const line of own) expect(shows(line)).toEqual([]);
  const reminded = said([text('<system-reminder>x</system-reminder>'), text('go on')]);
  expect(words(reminded)).toEqual([text('go on')]);
});

test('commands are shown as they were typed', () => {
  const tags = '<command-message>review</command-message>\n<command-args>12</command-args>';
  expect(words(said(`<command-name>/review</command-name>\n${tags}`))).toEqual([
    text('/review 12'),
  ]);
  expect(words(said('<bash-input>ls</bash-input>'))).toEqual([text('!ls')]);
  const about = 'What does <command-name>/review</command-name> do?';
  expect(words(said(about))).toEqual([text(about)]);
});

test('U1: what the agent says, thinks and calls, with what its message took', () => {
  const thinking = { type: 'thinking', thinking: 'hmm', signature: 'c2ln' };
  const input = { command: 'echo hi' };
  const call = { type: 'tool_use', id: 'toolu_9', name: 'Bash', input };
  const shown = shows(answered([thinking, text('I run'), call]));
  expect(shown).toMatchObject([
    { kind: 'thought', content: [text('hmm')] },
    { kind: 'message', content: [text('I run')] },
    {
      kind: 'tool_call',
      toolCall: {
        call: 'toolu_9',
        title: 'echo hi',
        kind: 'execute',
        status: 'in_progress',
        input,
      },
    },
    { kind: 'usage', key: 'msg_3', model: 'a-model', tokens: { input: 130, output: 23 } },
  ]);
  expect(shown[2]).not.toHaveProperty('later');
});

test('a result is a later state of its call, with what it changed', () => {
  const result = { type: 'tool_result', tool_use_id: 'toolu_8', content: 'updated' };
  const toolUseResult = {
    filePath: '/w/a.txt',
    oldString: 'two',
    newString: 'three',
    originalFile: 'one\ntwo\n',
    replaceAll: false,
  };
  expect(shows(said([result], { toolUseResult }))).toMatchObject([
    {
      kind: 'tool_call',
      later: true,
      toolCall: {
        call: 'toolu_8',
        status: 'completed',
        output: 'updated',
        content: [{ type: 'diff', path: '/w/a.txt', oldText: 'two', newText: 'three' }],
        locations: [{ path: '/w/a.txt' }],
      },
    },
  ]);
  const failed = { ...result, is_error: true, content: [text('no such file')] };
  expect(shows(said([failed], { toolUseResult: 'Error: no such file' }))).toMatchObject([
    { later: true, toolCall: { status: 'failed', output: 'no such file' } },
  ]);
});

test('a sub-agent in the background ends with its notification, not with its start', () => {
  const result = { type: 'tool_result', tool_use_id: 'toolu_43', content: 'launched' };
  expect(shows(said([result], { toolUseResult: { isAsync: true } }))).toEqual([]);
  const done =
    '<task-notification>\n<tool-use-id>toolu_43</tool-use-id>\n<status>completed</status>\n' +
    '<summary>it is done</summary>\n</task-notification>';
  expect(shows(said(done, { origin: { kind: 'task-notification' } }))).toMatchObject([
    { later: true, toolCall: { call: 'toolu_43', status: 'completed', output: 'it is done' } },
  ]);
});

test('what a sub-agent says and does is told apart by its id', () => {
  const call = { type: 'tool_use', id: 'toolu_36', name: 'Bash', input: { command: 'ls' } };
  const side = { isSidechain: true, agentId: 'ac868d7a190aad16e' };
  expect(shows(answered([text('sub says'), call], side))).toMatchObject([
    { kind: 'message', parentCall: 'ac868d7a190aad16e' },
    { kind: 'tool_call', parentCall: 'ac868d7a190aad16e' },
    { kind: 'usage' },
  ]);
});

test('the first line of a sub-agent says which call began it', () => {
  expect(read({ type: 'agent_metadata', toolUseId: 'toolu_36' })).toMatchObject({
    name: null,
    begunBy: 'toolu_36',
    shows: [],
  });
  for (const toolUseId of ['', 'x'.repeat(5000), 3]) {
    expect(read({ type: 'agent_metadata', toolUseId })).not.toHaveProperty('begunBy');
  }
  expect(read({ ...said('hello'), toolUseId: 'toolu_36' })).not.toHaveProperty('begunBy');
});

test('a plan is shown as a plan, and its result not at all', () => {
  const todos = [{ content: 'first', status: 'in_progress', activeForm: 'Doing' }];
  const call = { type: 'tool_use', id: 'toolu_1', name: 'TodoWrite', input: { todos } };
  expect(shows(answered([call]))).toMatchObject([
    { kind: 'plan', items: [{ content: 'first', status: 'in_progress' }] },
    { kind: 'usage' },
  ]);
  const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'modified' };
  expect(shows(said([result], { toolUseResult: { oldTodos: [], newTodos: todos } }))).toEqual([]);
});

test('L7: a boundary is one line, the summary after it is what is shown of the compaction', () => {
  const boundary = { ...common, type: 'system', subtype: 'compact_boundary', content: 'done' };
  expect(read(boundary)).toMatchObject({ boundary: true, shows: [] });
  const summary = said('what was', { isCompactSummary: true, isVisibleInTranscriptOnly: true });
  expect(read(summary)).toMatchObject({
    boundary: false,
    shows: [{ kind: 'compaction', summary: 'what was' }],
  });
});

test('R3: what broke off, and an error of the service, is marked as not complete', () => {
  const incomplete = [{ kind: 'message', incomplete: true }];
  expect(shows(answered([text('tick0')], { isAbortedMidStream: true }))).toMatchObject([
    ...incomplete,
    { kind: 'usage' },
  ]);
  const message = { model: '<synthetic>', id: 'm', content: [text('API Error: 400')], usage: {} };
  const mishap = { ...common, type: 'assistant', message, isApiErrorMessage: true };
  expect(shows(mishap)).toMatchObject(incomplete);
});

test('titles: given by a person, by the agent, or a summary', () => {
  expect(read({ type: 'custom-title', customTitle: 'Mine' }).title).toBe('Mine');
  expect(read({ type: 'ai-title', aiTitle: 'Its' }).title).toBe('Its');
  expect(read({ type: 'summary', summary: 'A summary', leafUuid: 'x' }).title).toBe('A summary');
});

test('L8: any object is read, and what is not understood shows nothing', () => {
  let deep: object = { type: 'text', text: 'x' };
  for (let level = 0; level < 100; level += 1) deep = { deep };
  expect(read(said([deep]))).toMatchObject({ name: common.uuid, shows: [] });
  const type = fc.constantFrom(
    'user',
    'assistant',
    'system',
    'attachment',
    'summary',
    'constructor',
  );
  const block = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        type: fc.constantFrom('text', 'tool_use', 'tool_result', 'thinking', 'image', '__proto__'),
        text: fc.jsonValue(),
        id: fc.jsonValue(),
        name: fc.constantFrom('Bash', 'TodoWrite', 'toString', 'ExitPlanMode'),
        input: fc.jsonValue(),
        tool_use_id: fc.jsonValue(),
        content: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  );
  const line = fc.record(
    {
      type,
      uuid: fc.jsonValue(),
      sessionId: fc.jsonValue(),
      message: fc.oneof(fc.jsonValue(), fc.record({ content: fc.array(block), id: fc.string() })),
      toolUseResult: fc.jsonValue(),
      attachment: fc.jsonValue(),
      isSidechain: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(line, (given) => {
      const { name, session, shows: shown } = read(given);
      expect(name === null || typeof name === 'string').toBe(true);
      expect(session === null || typeof session === 'string').toBe(true);
      for (const { kind } of shown) expect(kind).toMatch(/^[a-z_]+$/);
    }),
  );
});
