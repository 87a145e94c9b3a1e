import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import { eventsOf, expectedOf } from './conversation.ts';
import { fold } from '../agents-contract/wire.ts';

/** What is said in a fixture, as whole pieces; one that broke off ends with an exclamation mark. */
function saidIn(name: string): string[] {
  const { inputs } = fold(expectedOf(name));
  return inputs.flatMap((input) => {
    if (input.type !== 'said') return [];
    const text = input.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    return [input.incomplete ? `${text}!` : text];
  });
}

function of<Type extends AgentEvent['type']>(
  name: string,
  type: Type,
): Extract<AgentEvent, { type: Type }>[] {
  return eventsOf(name).filter(
    (event): event is Extract<AgentEvent, { type: Type }> => event.type === type,
  );
}

describe('what the fixtures show', () => {
  test('P1: a prompt is taken under its own name, before the model is asked', () => {
    const kinds = eventsOf('text').map(({ type }) => type);
    expect(kinds.indexOf('prompt_taken')).toBeLessThan(kinds.indexOf('text'));
    expect(of('text', 'prompt_taken').map(({ prompt }) => prompt)).toEqual([
      'prompt-1',
      'prompt-2',
    ]);
    expect(saidIn('text')).toEqual([
      'Hello there, my friend',
      'remembered: !say Hello there, my friend',
    ]);
    expect(saidIn('thinking')).toEqual(['let me see', 'I see']);
  });

  test('R10: a new thread can be resumed from its first prompt on, and a copy too', () => {
    for (const name of ['text', 'forked']) {
      const opens = of(name, 'opened');
      expect(opens).toMatchObject([{ provisional: true }, { resumed: false }]);
      expect(opens[1]).not.toHaveProperty('provisional');
      expect(opens[0]?.nativeId).toBe(opens[1]?.nativeId);
    }
    expect(of('resumed', 'opened')).toMatchObject([{ resumed: true }]);
    expect(saidIn('resumed')).toEqual(['remembered: !say first']);
  });

  test('R10: a thread that is not there is not replaced by another one', () => {
    expect(of('unknown-session', 'opened')).toEqual([]);
    expect(of('unknown-session', 'open_failed')).toMatchObject([{ error: { category: 'launch' } }]);
  });

  test('L7: a copy is cut off after the turn whose mark is named', () => {
    expect(saidIn('forked')).toEqual(['remembered: !say first']);
    const [cut] = of('forked', 'send').filter(({ line }) => line.includes('thread/fork'));
    expect(cut?.line).toContain('"lastTurnId"');
  });

  test('a command is told with its output, and asked about as what runs', () => {
    expect(
      of('commands', 'tool_call').map(({ toolCall }) => [toolCall.status, toolCall.output]),
    ).toEqual([
      ['in_progress', undefined],
      ['completed', 'one\ntwo\n'],
      ['in_progress', undefined],
      ['failed', "it's\n"],
    ]);
    expect(of('commands', 'tool_output').map(({ text }) => text)).toEqual(['two\n']);
    expect(of('commands', 'approval').map(({ wants }) => wants)).toEqual([
      {
        tool: 'exec_command',
        kind: 'execute',
        command: "/bin/bash -lc 'echo one; sleep 0.3; echo two'",
        locations: [],
        cwd: '/project',
      },
      expect.objectContaining({ command: `/bin/bash -lc "printf '%s\\\\n' it\\\\'s; exit 3"` }),
    ]);
  });

  test('changes of files are told with what they change, and asked about by all their paths', () => {
    const done = of('files', 'tool_call').filter(({ toolCall }) => toolCall.status === 'completed');
    expect(done.map(({ toolCall }) => toolCall.content)).toEqual([
      [
        {
          type: 'diff',
          path: '/project/note',
          oldText: null,
          newText: 'one\ntwo\nthree\n',
          whole: true,
        },
      ],
      [
        {
          type: 'diff',
          path: '/project/note',
          oldText: 'one\ntwo\nthree\n',
          newText: 'one\nTWO\nthree\n',
        },
        { type: 'diff', path: '/project/sub/new', oldText: null, newText: 'x\n', whole: true },
      ],
      [
        {
          type: 'diff',
          path: '/project/moved',
          oldText: 'one\nTWO\nthree\n',
          newText: 'one\n2\nthree\n',
        },
      ],
      [
        {
          type: 'diff',
          path: '/project/moved',
          oldText: 'one\n2\nthree\n',
          newText: '',
          whole: true,
        },
      ],
    ]);
    const asked = of('files', 'approval').map(({ wants }) => [
      wants?.kind,
      ...(wants?.locations ?? []),
    ]);
    expect(asked).toEqual([
      ['edit', '/project/note'],
      ['edit', '/project/note', '/project/sub/new'],
      ['edit', '/project/note', '/project/moved'],
      ['delete', '/project/moved'],
    ]);
  });

  test('P2: a steered prompt is taken in the same turn, breaks off a text, or is dropped with its turn', () => {
    const taken = (name: string) => of(name, 'prompt_taken').map(({ prompt }) => prompt);
    expect(taken('steered')).toEqual(['prompt-1', 'steer']);
    expect(saidIn('steered').at(-1)).toBe('heard: look left instead');
    expect(of('steered', 'turn_ended')).toHaveLength(1);
    expect(taken('steered-text')).toEqual(['prompt-1', 'steer', 'prompt-2']);
    expect(saidIn('steered-text')).toEqual(['on my !', 'on my way', 'again']);
    expect(of('interrupted-command', 'prompt_dropped')).toEqual([
      { type: 'prompt_dropped', prompt: 'steer' },
    ]);
    expect(of('steered-late', 'prompt_dropped')).toEqual([
      { type: 'prompt_dropped', prompt: 'late' },
    ]);
  });

  test('R4: an interrupted turn is cancelled; its command is ended first, its text stays incomplete', () => {
    for (const name of ['interrupted', 'interrupted-command', 'interrupted-question']) {
      const ends = of(name, 'turn_ended').map(({ run, outcome }) => [run, outcome]);
      expect(ends).toEqual([
        ['run-1', 'cancelled'],
        ['run-2', 'completed'],
      ]);
    }
    expect(saidIn('interrupted')).toEqual(['working hard !', 'again']);
    const kinds = eventsOf('interrupted-command').map(({ type }) => type);
    expect(kinds.lastIndexOf('tool_call')).toBe(kinds.indexOf('turn_ended') - 1);
    const sent = of('interrupted-command', 'send').map(({ line }) => line);
    expect(sent.some((line) => line.includes('backgroundTerminals/terminate'))).toBe(true);
  });

  test('R2: sub-agents belong to the turn of the prompt, and what they say and ask to their call', () => {
    const [first, second] = of('sub-agents', 'turn_ended');
    expect([first?.run, second?.run]).toEqual(['run-1', 'run-2']);
    const events = eventsOf('sub-agents');
    const nested = events.filter((event) => 'parentCall' in event);
    expect(nested.map(({ type }) => type)).toEqual([
      'block',
      'tool_call',
      'approval',
      'tool_call',
      'block',
    ]);
    const begun = events.find(
      (event) => event.type === 'tool_call' && event.toolCall.name === 'spawnAgent',
    );
    const call = begun?.type === 'tool_call' ? begun.toolCall.call : '';
    expect(new Set(nested.map((event) => ('parentCall' in event ? event.parentCall : '')))).toEqual(
      new Set([call]),
    );
    const end = events.findIndex(({ type }) => type === 'turn_ended');
    expect(end).toBeGreaterThan(events.indexOf(nested.at(-1)!));
    // Two answers of the agent, two of its child, and one more.
    expect(of('sub-agents', 'usage')).toHaveLength(5);
  });

  test('R4: sub-agents are interrupted with the turn that began them, and their commands ended', () => {
    const [first] = of('interrupted-sub-agent', 'turn_ended');
    expect(first).toMatchObject({ run: 'run-1', outcome: 'cancelled' });
    const sent = of('interrupted-sub-agent', 'send').map(({ line }) => line);
    expect(sent.some((line) => line.includes('backgroundTerminals/terminate'))).toBe(true);
    const last = of('interrupted-sub-agent', 'tool_call').at(-1);
    expect(last?.toolCall).toMatchObject({ title: 'sleep 300', status: 'failed' });
  });

  test('R3: a turn that the model service failed is failed, with category and status', () => {
    const ends = of('errors', 'turn_ended');
    expect(ends.map(({ outcome, error }) => [outcome, error?.category, error?.status])).toEqual([
      ['failed', 'service', 529],
      ['failed', 'auth', 401],
      ['failed', 'request', undefined],
      ['failed', 'service', undefined],
      ['failed', 'limit', undefined],
    ]);
    expect(ends[2]?.error?.message).toBe('scripted 400');
    expect(of('dropped', 'turn_ended')[1]).toMatchObject({ error: { category: 'connection' } });
  });

  test('L1: a text whose connection broke is not said twice', () => {
    expect(saidIn('dropped')).toEqual(['abc def ghi', 'jkl !']);
  });

  test('a command in the background ends its call with the turn, and its end is told', () => {
    const [, last] = of('background', 'tool_call');
    expect(last?.toolCall.output).toContain('in the background');
    const kinds = eventsOf('background').map(({ type }) => type);
    expect(kinds.slice(-2)).toEqual(['turn_ended', 'notice']);
    expect(of('background', 'notice').at(-1)?.code).toBe('background-task');
  });

  test('a tool of an MCP server is asked about by its name, and a server that is not there is told', () => {
    expect(of('mcp', 'approval')).toMatchObject([
      { wants: { tool: 'mcp__test__arguments', kind: 'other', command: null } },
    ]);
    expect(of('mcp', 'tool_call').at(-1)?.toolCall).toMatchObject({ output: '["a b"]' });
    expect(of('mcp', 'notice').map(({ code }) => code)).toContain('mcp-server');
  });

  test('a search, a plan and a question of the model are told as what they are', () => {
    expect(of('searched', 'tool_call').at(-1)?.toolCall).toMatchObject({
      kind: 'fetch',
      title: 'the weather',
    });
    expect(of('plan', 'plan')).toMatchObject([
      { items: [{ content: 'one', status: 'in_progress' }, { status: 'pending' }] },
    ]);
    expect(of('question', 'question')).toMatchObject([
      { message: 'Which colour?', schema: { required: ['colour'] } },
    ]);
  });

  test('settings change while it is open, and what is not passed on is put right', () => {
    const changes = of('settings', 'settings').map((event) => event.changes);
    expect(Object.assign({}, ...changes)).toMatchObject({
      mode: 'auto',
      modelInForce: { provider: 'scripted', id: 'gpt-6-astra' },
    });
    expect(changes).toContainEqual({ effort: 'high' });
    const notices = of('settings', 'notice').map(({ code }) => code);
    expect(notices.slice(-2)).toEqual(['mode-not-set', 'effort-not-set']);
    expect(changes.filter(({ mode }) => mode === 'full-access')).toEqual([]);
  });

  test('usage is what is new in the sums of the thread, each report with a key of its own', () => {
    for (const name of ['text', 'resumed', 'dropped', 'errors']) {
      const reports = of(name, 'usage').map(({ report }) => report);
      expect(new Set(reports.map(({ key }) => key)).size).toBe(reports.length);
    }
    expect(of('text', 'usage').map(({ report }) => report.tokens)).toEqual([
      { input: 133, output: 4, cacheRead: 7, cacheWrite: 0, thought: 3 },
      { input: 153, output: 6, cacheRead: 7, cacheWrite: 0, thought: 3 },
    ]);
    // What the thread had used before is not told again.
    expect(of('resumed', 'usage').map(({ report }) => report.tokens.input)).toEqual([153]);
    // An answer that was cut off at its limit is counted, one whose connection broke cannot be.
    expect(of('errors', 'usage')).toHaveLength(1);
    expect(of('dropped', 'usage')).toHaveLength(1);
  });
});
