import { describe, expect, test } from 'vitest';
import type { AgentCommand, AgentEvent } from '../../src/domain/agent-event.ts';
import type { OpenSpec } from '../../src/ports/agent.ts';
import { command, driver, item, note, opened, started } from './conversation.ts';

const ask = (method: string, params: object, id: string | number = 0): object => ({
  id,
  method,
  params,
});
const runs = (more: object = {}): object =>
  ask('item/commandExecution/requestApproval', {
    kind: 'command',
    itemId: 'c1',
    environmentId: 'local',
    command: "/bin/bash -lc 'git status'",
    cwd: '/project',
    ...more,
  });
const change = (changes: readonly object[]): object => ({
  type: 'fileChange',
  id: 'f1',
  changes,
  status: 'inProgress',
});
const edits = (more: object = {}): object =>
  ask('item/fileChange/requestApproval', { itemId: 'f1', reason: null, grantRoot: null, ...more });
const add = (path: string): object => ({ path, kind: { type: 'add' }, diff: 'x\n' });

const mcpTool = (more: object = {}): object =>
  ask('mcpServer/elicitation/request', {
    serverName: 'mine',
    mode: 'form',
    message: 'Allow?',
    requestedSchema: { type: 'object', properties: {} },
    _meta: {
      codex_approval_kind: 'mcp_tool_call',
      tool_name: 'tell',
      persist: ['session', 'always'],
      ...more,
    },
  });

type Approval = Extract<AgentEvent, { type: 'approval' }>;

function approvalOf(messages: readonly object[], spec: Partial<OpenSpec> = {}): Approval {
  const found = opened(spec)
    .say(started, ...messages)
    .events.find(({ type }) => type === 'approval');
  if (found?.type !== 'approval') throw new Error('nothing was asked');
  return found;
}

function answer(messages: readonly object[], option: string | null): unknown {
  const { state } = opened().say(started, ...messages);
  const told: AgentCommand = { type: 'answer_approval', request: 0, option };
  return (JSON.parse(driver.encode(state, told)[0]!) as { result: unknown }).result;
}

describe('what a policy hears', () => {
  test('of a command: the text with which Codex quotes what runs, and where', () => {
    expect(approvalOf([runs()]).wants).toEqual({
      tool: 'exec_command',
      kind: 'execute',
      command: "/bin/bash -lc 'git status'",
      locations: [],
      cwd: '/project',
    });
    expect(approvalOf([runs({ reason: 'outside of the sandbox' })]).wants).toBeDefined();
  });

  test('nothing, where more is asked than to run a command', () => {
    const more: object[] = [
      { kind: 'writeStdin' },
      { kind: 'humanCommand' },
      { approvalId: 'part' },
      { networkApprovalContext: { host: 'evil.example' } },
      { additionalPermissions: { network: {} } },
      { environmentId: 'far away' },
      { command: null },
      { command: 'a\0b' },
      { cwd: 'relative' },
    ];
    for (const each of more)
      expect(approvalOf([runs(each)]).wants, JSON.stringify(each)).toBeUndefined();
  });

  test('of a change: every file of it, where it comes from and where it goes', () => {
    const move = {
      path: '/project/a',
      kind: { type: 'update', move_path: '/outside/b' },
      diff: '@@ -1 +1 @@\n-x\n+y\n\n\nMoved to: /outside/b',
    };
    const asked = approvalOf([item('started', change([add('/project/n'), move])), edits()]);
    expect(asked.wants).toEqual({
      tool: 'apply_patch',
      kind: 'edit',
      command: null,
      locations: ['/project/n', '/project/a', '/outside/b'],
      cwd: null,
    });
    expect(asked.toolCall?.content).toContainEqual({
      type: 'diff',
      path: '/outside/b',
      oldText: 'x\n',
      newText: 'y\n',
    });
  });

  test('nothing of a change that is not known whole', () => {
    const many = Array.from({ length: 100 }, (_, at) => add(`/project/${at}`));
    expect(approvalOf([edits()]).wants).toBeUndefined();
    expect(approvalOf([item('started', change(many)), edits()]).wants).toBeUndefined();
    expect(approvalOf([item('started', change([add('a')])), edits()]).wants).toBeUndefined();
    const plain = item('started', change([add('/project/a')]));
    expect(approvalOf([plain, edits({ grantRoot: '/' })]).wants).toBeUndefined();
    const strange = { path: '/project/a', kind: { type: 'link' }, diff: '' };
    const { events } = opened().say(started, item('started', change([add('/project/a'), strange])));
    expect(events.map(({ type }) => type)).toEqual(['unrecognized']);
  });

  test('of a tool of a server: its name', () => {
    expect(approvalOf([mcpTool()]).wants).toMatchObject({ tool: 'mcp__mine__tell', kind: 'other' });
    expect(approvalOf([mcpTool({ tool_name: undefined })]).wants).toBeUndefined();
  });

  test('nothing in a mode in which nothing is to be done', () => {
    const readOnly = note('thread/settings/updated', {
      threadSettings: { approvalPolicy: 'on-request', sandboxPolicy: { type: 'readOnly' } },
    });
    for (const question of [runs(), mcpTool()]) {
      expect(approvalOf([readOnly, question]).wants).toBeUndefined();
    }
    expect(
      approvalOf([readOnly, item('started', change([add('/p')])), edits()]).wants,
    ).toBeUndefined();
  });
});

describe('answers', () => {
  test('A1: a command and a change are allowed, denied or given up', () => {
    for (const question of [runs(), edits()]) {
      expect(answer([question], 'accept')).toEqual({ decision: 'accept' });
      expect(answer([question], 'acceptForSession')).toEqual({ decision: 'acceptForSession' });
      expect(answer([question], 'decline')).toEqual({ decision: 'decline' });
      expect(answer([question], 'no such option')).toEqual({ decision: 'decline' });
      expect(answer([question], null)).toEqual({ decision: 'cancel' });
    }
  });

  test('A1: for longer only where Codex offers it, and never into the user’s own configuration', () => {
    const ids = (messages: readonly object[]) => approvalOf(messages).options.map(({ id }) => id);
    const amendment = { acceptWithExecpolicyAmendment: { execpolicy_amendment: ['git'] } };
    expect(ids([runs({ availableDecisions: ['accept', amendment, 'cancel'] })])).toEqual([
      'accept',
      'decline',
    ]);
    expect(ids([runs({ availableDecisions: ['accept', 'acceptForSession'] })])).toContain(
      'acceptForSession',
    );
    expect(ids([edits()])).toEqual(['accept', 'acceptForSession', 'decline']);
    expect(ids([mcpTool()])).toEqual(['accept', 'acceptForSession', 'decline']);
    expect(ids([mcpTool({ persist: ['always'] })])).toEqual(['accept', 'decline']);
  });

  test('A1: a tool of a server is allowed in the words of its form', () => {
    expect(answer([mcpTool()], 'accept')).toEqual({ action: 'accept', content: {}, _meta: null });
    expect(answer([mcpTool()], 'acceptForSession')).toMatchObject({
      _meta: { persist: 'session' },
    });
    expect(answer([mcpTool()], 'decline')).toMatchObject({ action: 'decline' });
    expect(answer([mcpTool()], null)).toMatchObject({ action: 'cancel' });
  });

  test('A1: permissions are given as they were asked for, or not at all', () => {
    const permissions = { network: { enabled: true }, fileSystem: null };
    const question = ask('item/permissions/requestApproval', { itemId: 'p', permissions });
    expect(approvalOf([question]).wants).toBeUndefined();
    const granted = { network: { enabled: true } };
    expect(answer([question], 'accept')).toEqual({ permissions: granted, scope: 'turn' });
    expect(answer([question], 'acceptForSession')).toEqual({
      permissions: granted,
      scope: 'session',
    });
    expect(answer([question], 'decline')).toEqual({ permissions: {}, scope: 'turn' });
    expect(answer([question], null)).toEqual({ permissions: {}, scope: 'turn' });
  });

  test('A3: a question that Codex no longer waits for is withdrawn, once', () => {
    const resolved = note('serverRequest/resolved', { requestId: 0 });
    const { events } = opened().say(started, runs(), resolved, resolved);
    expect(events.map(({ type }) => type)).toEqual(['approval', 'request_withdrawn']);
  });

  test('an approval shows the call that it is about', () => {
    const asked = approvalOf([
      item('started', command('c1')),
      runs({ reason: 'needs the network' }),
    ]);
    expect(asked.title).toBe('git status');
    expect(asked.toolCall).toMatchObject({
      call: 'c1',
      kind: 'execute',
      status: 'pending',
      input: { cwd: '/project', reason: 'needs the network' },
    });
  });
});

describe('questions', () => {
  const questions = ask('item/tool/requestUserInput', {
    questions: [
      { id: 'a', header: 'A', question: 'Which?', isOther: true, options: [{ label: 'Red' }] },
      { id: 'b', header: 'B', question: 'Name?', isOther: false, options: null },
    ],
  });
  const form = ask('mcpServer/elicitation/request', {
    serverName: 'mine',
    mode: 'form',
    message: 'Who?',
    requestedSchema: { properties: { name: { type: 'string' } }, required: ['name'] },
  });
  const reply = (question: object, told: Partial<AgentCommand>): unknown => {
    const { state } = opened().say(started, question);
    const base = { type: 'answer_question', request: 0, outcome: 'answered' } as const;
    const [line] = driver.encode(state, { ...base, ...told } as AgentCommand);
    return (JSON.parse(line!) as { result: unknown }).result;
  };

  test('answers go to the questions that they name, a bare one to the first', () => {
    expect(opened().say(started, questions).events).toMatchObject([
      { type: 'question', message: 'Which?\nName?', schema: { required: ['a', 'b'] } },
    ]);
    expect(reply(questions, { content: 'Red' })).toEqual({ answers: { a: { answers: ['Red'] } } });
    expect(reply(questions, { content: { a: 'Red', b: ['x', 1] } })).toEqual({
      answers: { a: { answers: ['Red'] }, b: { answers: ['x', '1'] } },
    });
    expect(reply(questions, { outcome: 'declined' })).toEqual({ answers: {} });
  });

  test('a form of a server is a question, and its answer a form', () => {
    expect(opened().say(started, form).events).toMatchObject([
      { type: 'question', message: 'Who?' },
    ]);
    expect(reply(form, { content: 'me' })).toMatchObject({
      action: 'accept',
      content: { name: 'me' },
    });
    expect(reply(form, { content: { name: 'me' } })).toMatchObject({ content: { name: 'me' } });
    expect(reply(form, { outcome: 'declined' })).toMatchObject({ action: 'decline' });
    expect(reply(form, { outcome: 'withdrawn' })).toMatchObject({ action: 'cancel' });
  });

  test('L8: what is no form and no question is answered all the same', () => {
    const url = ask('mcpServer/elicitation/request', {
      mode: 'url',
      message: 'x',
      url: 'http://x',
    });
    for (const each of [url, ask('item/tool/requestUserInput', { questions: [] })]) {
      const types = opened()
        .say(started, each)
        .events.map(({ type }) => type);
      expect(types).toEqual(['unrecognized', 'send']);
    }
  });
});
