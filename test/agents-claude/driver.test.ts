import { describe, expect, test } from 'vitest';
import { builtInAgents } from '../../src/agents/agents.ts';
import { claudeAgent } from '../../src/agents/claude/driver.ts';
import { nativeCandidate, nativePrompt, uuidOf } from '../../src/agents/claude/ids.ts';
import { claudeVariables } from '../../src/agents/claude/program.ts';
import type { AgentCommand, AgentEvent } from '../../src/domain/agent-event.ts';
import type { Json } from '../../src/domain/json.ts';
import type { OpenSpec } from '../../src/ports/agent.ts';
import {
  decodeAll,
  driver,
  idle,
  linesOfMessages,
  opened,
  ready,
  result,
  running,
  session,
  specOf,
  stop,
  stream,
  streamed,
  whole,
} from './conversation.ts';

function argsOf(spec: Partial<OpenSpec>): readonly string[] {
  return driver.program(specOf(spec)).args;
}

describe('the program', () => {
  test('S3: whatever a session is called or wants, it stays in the argument of its option', () => {
    const hostile = ['--dangerously-skip-permissions', '-p', '../x', 'a b', '$(id)', '\u0000', ''];
    const usual = argsOf({}).length;
    for (const value of hostile) {
      const args = argsOf({ nativeId: value, model: value, mode: value, session: value });
      expect(args.length).toBeLessThanOrEqual(usual);
      expect(args).not.toContain(value === '-p' ? '' : value);
      expect(args.filter((arg) => arg === '-p')).toHaveLength(1);
      expect(args).toContain('--resume=00000000-0000-0000-0000-000000000000');
    }
  });

  test('a new session has an id of its own for each launch, a known one is resumed', () => {
    expect(argsOf({ host: 'a' })).not.toEqual(argsOf({ host: 'b' }));
    expect(argsOf({ host: 'a' })).toContain(`--session-id=${nativeCandidate('session', 'a')}`);
    expect(argsOf({ nativeId: session })).toContain(`--resume=${session}`);
    expect(argsOf({ model: 'opus', mode: 'plan' }).slice(-2)).toEqual([
      '--model=opus',
      '--permission-mode=plan',
    ]);
  });

  test('S8: what a directory brings along is off unless the directory is trusted', () => {
    const trusting = claudeAgent({
      program: 'claude',
      env: {},
      trusted: ['/home/me/mine', '/opt/'],
    });
    const isOff = (cwd: string): boolean =>
      trusting.program(specOf({ cwd })).args.includes('--setting-sources=user');
    for (const cwd of ['/home/me/mine', '/home/me/mine/deep/in', '/opt/x']) {
      expect(isOff(cwd)).toBe(false);
    }
    for (const cwd of ['/home/me', '/home/me/mine-not', '/home/me/theirs', '/optional']) {
      expect(isOff(cwd)).toBe(true);
    }
  });

  test('S4: it gets what is configured for it and is kept quiet', () => {
    const agent = builtInAgents({
      scripted: { node: 'node', program: 'main.js', store: 'store' },
      claude: {
        program: '/opt/claude',
        env: { ANTHROPIC_API_KEY: 'k', DISABLE_TELEMETRY: '0' },
        trusted: [],
      },
    })[1]!;
    const { program, env } = agent.program(specOf());
    expect(program).toBe('/opt/claude');
    expect(env).toEqual({
      ANTHROPIC_API_KEY: 'k',
      CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_ERROR_REPORTING: '1',
      DISABLE_TELEMETRY: '1',
    });
    expect(claudeVariables).toContain('ANTHROPIC_BASE_URL');
    expect(claudeVariables).not.toContain('CLAUDECODE');
  });

  test('names are UUIDs of version 5, the same for ever', () => {
    expect(uuidOf('')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(nativePrompt('s', 'p')).toBe(nativePrompt('s', 'p'));
    expect(nativePrompt('s', 'p')).not.toBe(nativePrompt('s', 'q'));
    // Repeated prompts are known by these: another value would let Claude Code run them twice.
    expect(nativePrompt('session', 'prompt')).toBe('038fb539-2825-580a-be7a-e2bf070d587b');
  });
});

describe('opening', () => {
  test('R10: the session is open when Claude Code says so, and a wish that is none is told', () => {
    const begin = driver.initial(specOf({ model: '--x', mode: 'bypassPermissions' }));
    const [line] = linesOfMessages([ready]);
    const { events } = driver.decode(begin, line!);
    expect(events.map((event) => (event.type === 'notice' ? event.code : event.type))).toEqual([
      'model-not-set',
      'mode-not-set',
      'opened',
    ]);
  });

  test('R10: a refused beginning and a result before it are no session', () => {
    const refused = { subtype: 'error', request_id: 'initialize', error: 'no' };
    for (const message of [
      { type: 'control_response', response: refused },
      result({ is_error: true, subtype: 'error_during_execution', session_id: session }),
    ]) {
      const begin = driver.initial(specOf({ nativeId: session }));
      const [line] = linesOfMessages([message]);
      expect(driver.decode(begin, line!).events).toMatchObject([
        { type: 'open_failed', error: { category: 'launch' } },
      ]);
    }
  });

  test('its first line asks for nothing but an answer', () => {
    expect(driver.open(specOf()).map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        type: 'control_request',
        request_id: 'initialize',
        request: { subtype: 'initialize', hooks: null },
      },
    ]);
  });
});

function turn(...messages: readonly object[]): readonly AgentEvent[] {
  return opened().say(running, ...messages, idle).events;
}

function outcomeOf(more: object): unknown {
  const event = turn(result(more)).at(-1);
  return event?.type === 'turn_ended' ? [event.outcome, event.error?.category] : event;
}

describe('turns', () => {
  test('R3: only a result that says so in every place is a success', () => {
    expect(outcomeOf({})).toEqual(['completed', undefined]);
    expect(outcomeOf({ terminal_reason: 'completed' })).toEqual(['completed', undefined]);
    expect(outcomeOf({ is_error: true })).toEqual(['failed', 'unknown']);
    expect(outcomeOf({ is_error: undefined })).toEqual(['failed', 'unknown']);
    expect(outcomeOf({ subtype: 'error_max_turns' })).toEqual(['failed', 'limit']);
    expect(outcomeOf({ terminal_reason: 'no_such_reason' })).toEqual(['failed', 'unknown']);
    expect(outcomeOf({ stop_reason: 'refusal' })).toEqual(['failed', 'request']);
    expect(outcomeOf({ is_error: true, api_error_status: 503 })).toEqual(['failed', 'service']);
    expect(outcomeOf({ is_error: true, api_error: 'connection_failed' })).toEqual([
      'failed',
      'connection',
    ]);
    expect(outcomeOf({ is_error: true, terminal_reason: 'aborted_tools' })).toEqual([
      'cancelled',
      undefined,
    ]);
  });

  test('R2: a result alone ends nothing; a turn without one has failed', () => {
    const { events } = opened().say(running, result());
    expect(events.map(({ type }) => type)).toEqual(['turn_started']);
    expect(turn().at(-1)).toMatchObject({ outcome: 'failed', error: { category: 'protocol' } });
  });

  test('R2: a turn is as good as the worst of its parts', () => {
    const failed = result({ is_error: true, api_error_status: 500 });
    expect(turn(result(), failed, result()).at(-1)).toMatchObject({ outcome: 'failed' });
  });

  test('a version that tells no states ends its turn with the result, once', () => {
    const { events } = opened().say(whole('hi'), result(), idle);
    expect(events.map(({ type }) => type)).toEqual(['text', 'text_end', 'turn_ended']);
    expect(events.at(-1)).toMatchObject({ outcome: 'completed' });
  });

  test('an idle agent that did nothing ends no turn', () => {
    expect(opened().say(idle).events).toEqual([]);
  });

  test('R4 P3: a prompt that was cancelled before it was read ends its run, and is not taken', () => {
    const uuid = nativePrompt('session', 'p1');
    const label = {
      type: 'control_response',
      response: { subtype: 'success', request_id: 'prompt:run-1:p1', response: {} },
    };
    const lifecycle = { type: 'command_lifecycle', command_uuid: uuid, state: 'cancelled' };
    const { events, state } = opened().say(label, running, lifecycle, idle);
    expect(events.at(-1)).toMatchObject({ run: 'run-1', outcome: 'cancelled' });
    expect(events).toContainEqual({ type: 'prompt_dropped', prompt: 'p1' });
    expect(state).toMatchObject({ prompts: [] });
  });
});

test('L7 R10: where a copy cannot be cut off any more, none is opened, and what to do is said', () => {
  const message = 'No message found with message.uuid of: 00000000-0000-4000-8000-000000000001';
  const line = { type: 'result', subtype: 'error_during_execution', errors: [message] };
  const { events } = decodeAll(
    linesOfMessages([line]),
    driver.initial(specOf({ forkOf: session })),
  );
  expect(events.flat()).toMatchObject([
    {
      type: 'open_failed',
      error: { category: 'launch', message: expect.stringContaining('Fork it anew') },
    },
  ]);
});

describe('where a turn ended', () => {
  const [first, second] = [1, 2].map((at) => `00000000-0000-4000-8000-00000000000${at}`);
  const said = (uuid: unknown, more = {}) => ({ ...whole('hi'), uuid, ...more });
  const user = (uuid: unknown, more = {}) => ({ ...said(uuid, more), type: 'user' });
  const compacted = {
    type: 'system',
    subtype: 'compact_boundary',
    compact_metadata: { trigger: 'auto' },
  };
  const marks = (...lines: readonly object[]) => {
    const { events } = opened().say(running, ...lines, result(), idle);
    return events.flatMap((event) => (event.type === 'turn_ended' ? [event.mark] : []));
  };

  test('L7: is the last line of the main conversation, whoever said it', () => {
    expect(marks(said(first), said(second))).toEqual([second]);
    expect(marks(said(first), user(second))).toEqual([second]);
    expect(marks(said(first), said(second, { parent_tool_use_id: 'call' }))).toEqual([first]);
    expect(marks(said(first), user(second, { parent_tool_use_id: 'call' }))).toEqual([first]);
  });

  test('L7: is not known after an echo, a compaction, a line without a usable name, or nothing', () => {
    // A prompt that is said again is echoed, too, and stands far before the end.
    expect(marks(said(first), user(second, { isReplay: true }))).toEqual([undefined]);
    expect(marks(said(first), compacted)).toEqual([undefined]);
    expect(marks(said(first), said('--x'))).toEqual([undefined]);
    expect(marks(said(first), said(undefined))).toEqual([undefined]);
    expect(marks()).toEqual([undefined]);
  });

  test('L7: is never that of the turn before', () => {
    const { events } = opened().say(running, said(first), result(), idle, running, result(), idle);
    const ends = events.filter((event) => event.type === 'turn_ended');
    expect(ends.map(({ mark }) => mark)).toEqual([first, undefined]);
  });
});

describe('texts', () => {
  const texts = (events: readonly AgentEvent[]) =>
    events.flatMap((event) => {
      if (event.type === 'text') return [`${event.item}+${event.delta}`];
      return event.type === 'text_end' ? [`${event.item}${event.incomplete ? '!' : '.'}`] : [];
    });
  const items = (events: readonly AgentEvent[]) =>
    texts(events).map((text) => text.replace(/^host-[^-]*-\d+/, ''));

  test('L1: another attempt that says the same goes on with the same entry', () => {
    const { events } = opened().say(
      ...streamed('m1', 'ab', 'cd'),
      stop,
      ...streamed('m2', 'a', 'bc', 'def'),
      whole('abcdef'),
    );
    expect(items(events)).toEqual(['+ab', '+cd', '+ef', '.']);
    expect(new Set(texts(events).map((text) => text.split(/[+.]/)[0])).size).toBe(1);
  });

  test('L1: another attempt that says something else is another entry, the first stays incomplete', () => {
    const { events } = opened().say(
      ...streamed('m1', 'ab', 'cd'),
      stop,
      ...streamed('m2', 'ab', 'xy'),
      whole('abxy'),
    );
    expect(items(events)).toEqual(['+ab', '+cd', '!', '+abxy', '.']);
  });

  test('L1: another attempt that ends earlier is another entry', () => {
    const { events } = opened().say(
      ...streamed('m1', 'abcd'),
      stop,
      ...streamed('m2', 'ab'),
      whole('ab'),
    );
    expect(items(events)).toEqual(['+abcd', '!', '+ab', '.']);
  });

  test('L1: a second break while the same is said again loses nothing', () => {
    const { events } = opened().say(
      ...streamed('m1', 'abcd'),
      stop,
      ...streamed('m2', 'ab'),
      stop,
      whole('abcdef'),
    );
    expect(items(events)).toEqual(['+abcd', '+ef', '.']);
  });

  test('what broke off and never comes again is over with the turn', () => {
    const { events } = opened().say(running, ...streamed('m1', 'abcd'), stop, result(), idle);
    expect(items(events)).toEqual(['+abcd', '!']);
    expect(events.map(({ type }) => type).slice(-2)).toEqual(['text_end', 'turn_ended']);
  });

  test('a sub-agent is told once, by its whole messages', () => {
    const parent = { parent_tool_use_id: 'call-1' };
    const delta = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'x' } };
    const { events } = opened().say({ ...stream(delta), ...parent }, whole('x', parent));
    expect(events).toMatchObject([{ type: 'block', parentCall: 'call-1' }]);
  });
});

describe('commands', () => {
  const ask = (id: string, input: object, name = 'Bash') => ({
    type: 'control_request',
    request_id: id,
    request: { subtype: 'can_use_tool', tool_name: name, input, tool_use_id: `call-${id}` },
  });
  const encode = (command: AgentCommand, state = opened().state) =>
    driver.encode(state, command).map((line) => JSON.parse(line) as object);
  const prompt = {
    type: 'prompt',
    run: 'run-1',
    prompt: 'p1',
    content: [
      { type: 'text', text: 'see' },
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
    ],
  } as const;

  test('P1: a prompt has a name that follows from its id, and a label before it', () => {
    expect(encode(prompt)).toMatchObject([
      { type: 'control_request', request_id: 'prompt:run-1:p1' },
      {
        type: 'user',
        uuid: nativePrompt('session', 'p1'),
        message: {
          role: 'user',
          content: [
            { type: 'text', text: 'see' },
            {
              type: 'image',
              source: { type: 'base64', media_type: 'image/png', data: 'AAAA' },
            },
          ],
        },
      },
    ]);
    expect(encode(prompt)[1]).not.toHaveProperty('priority');
    expect(encode({ ...prompt, steer: true })[1]).toMatchObject({ priority: 'next' });
  });

  test('R5: a cancel takes along what was steered and not read', () => {
    expect(encode({ type: 'cancel', run: 'run-1' })).toEqual([
      {
        type: 'control_request',
        request_id: 'cancel:run-1',
        request: { subtype: 'interrupt', cancel_queued: true },
      },
    ]);
  });

  test('A1: an answer repeats the input that was asked about', () => {
    const { state } = opened().say(ask('q', { command: 'ls' }));
    const response = (option: string | null) =>
      encode({ type: 'answer_approval', request: 'q', option }, state);
    const body = (inner: object) => [
      {
        type: 'control_response',
        response: { subtype: 'success', request_id: 'q', response: inner },
      },
    ];
    expect(response('allow')).toEqual(body({ behavior: 'allow', updatedInput: { command: 'ls' } }));
    expect(response('deny')).toMatchObject(body({ behavior: 'deny' }));
    expect(response('deny')).toMatchObject(body({ behavior: 'deny', interrupt: false }));
    expect(response('no such option')).toMatchObject(body({ behavior: 'deny' }));
    expect(response(null)).toMatchObject(body({ behavior: 'deny', interrupt: true }));
  });

  test('A1: an input too large to be remembered is allowed as it was asked', () => {
    const { state } = opened().say(ask('q', { content: 'x'.repeat(100_000) }, 'Write'));
    const [line] = encode({ type: 'answer_approval', request: 'q', option: 'allow' }, state);
    expect(line).toMatchObject({ response: { response: { behavior: 'allow' } } });
    expect(JSON.stringify(line)).not.toContain('updatedInput');
  });

  test('A1: an edited input goes in the place of the one that was asked about', () => {
    const { state } = opened().say(ask('q', { command: 'ls' }), ask('none', {}, 'EnterPlanMode'));
    const edited = (input: Json, request = 'q') =>
      encode({ type: 'answer_approval', request, option: 'allow', input }, state);
    const allowed = (updatedInput: object) => [
      { response: { response: { behavior: 'allow', updatedInput } } },
    ];
    expect(edited({ command: 'ls -l' })).toMatchObject(allowed({ command: 'ls -l' }));
    // Claude Code would run what it had asked for.
    for (const input of [{}, [], 'ls', null, 5]) {
      expect(edited(input)).toMatchObject([{ response: { response: { behavior: 'deny' } } }]);
    }
    expect(edited({}, 'none')).toMatchObject(allowed({}));
  });

  test('A1: the message of a denial is what the tool answers, and the turn goes on', () => {
    const { state } = opened().say(ask('q', { command: 'ls' }));
    const said = (message: string) =>
      encode({ type: 'answer_approval', request: 'q', option: 'deny', message }, state);
    const denied = (message: string) => [
      { response: { response: { behavior: 'deny', message, interrupt: false } } },
    ];
    expect(said('Use the build folder.')).toMatchObject(denied('Use the build folder.'));
    expect(said(' ')).toMatchObject(denied('The user does not allow this.'));
  });

  test('what ran with another input is told with that one', () => {
    const call = (input: object) => ({
      type: 'assistant',
      message: { id: 'm', content: [{ type: 'tool_use', id: 'call-q', name: 'Bash', input }] },
    });
    const answered = (behavior: string, updatedInput: object) => ({
      type: 'control_response',
      response: { subtype: 'success', request_id: 'q', response: { behavior, updatedInput } },
    });
    const ended = {
      type: 'user',
      message: { content: [{ type: 'tool_result', tool_use_id: 'call-q', content: 'out' }] },
    };
    const inputs = (answer: object) =>
      opened()
        .say(call({ command: 'ls', description: 'd' }), ask('q', { command: 'ls' }), answer, ended)
        .events.flatMap((event) => (event.type === 'tool_call' ? [event.toolCall.input] : []));
    const asked = { command: 'ls', description: 'd' };
    expect(inputs(answered('allow', { command: 'pwd' }))).toEqual([asked, { command: 'pwd' }]);
    expect(inputs(answered('allow', { command: 'ls' }))).toEqual([asked, asked]);
    expect(inputs(answered('deny', { command: 'pwd' }))).toEqual([asked, asked]);
  });

  test('the choices of a question are in its form, and no text is left without its question', () => {
    const questions = [
      {
        question: 'Which?',
        header: 'W',
        options: [{ label: 'A', description: 'first', preview: 'AAA' }, { label: 'B' }],
      },
      { question: 'Many?', multiSelect: true, options: [{ label: 'C' }] },
      { question: 'Any?' },
    ];
    const { state, events } = opened().say(ask('q', { questions }, 'AskUserQuestion'));
    const first = { const: 'A', title: 'A', description: 'first', preview: 'AAA' };
    expect(events).toMatchObject([
      {
        message: 'Which?\nMany?\nAny?',
        schema: {
          type: 'object',
          properties: {
            'Which?': {
              type: 'string',
              title: 'W',
              enum: ['A', 'B'],
              oneOf: [first, { const: 'B', title: 'B' }],
              open: true,
            },
            'Many?': { type: 'array', items: { enum: ['C'], anyOf: [{ const: 'C' }] } },
            'Any?': { type: 'string', title: 'Any?', description: 'Any?', open: true },
          },
        },
      },
    ]);
    const answers = (content: Json) => {
      const [line] = encode(
        { type: 'answer_question', request: 'q', outcome: 'answered', content },
        state,
      ) as [{ response: { response: { updatedInput: { answers: object } } } }];
      return line.response.response.updatedInput.answers;
    };
    expect(answers({ W: 'A', 'Many?': [] })).toEqual({ 'Which?': 'A', 'Many?': '' });
    expect(answers({ answer: 'A' })).toEqual({ 'Which?': '{"answer":"A"}' });
    expect(answers(7)).toEqual({ 'Which?': '7' });
    expect(answers({ 'Which?': true, 'Any?': null })).toEqual({ 'Which?': 'true' });
  });

  test('a plan is shown whole with the question whether it is good', () => {
    const plan = '\n## Do it\n\n1. well\n';
    const { events } = opened().say(ask('q', { plan, planFilePath: '/p.md' }, 'ExitPlanMode'));
    expect(events).toMatchObject([
      {
        type: 'approval',
        title: 'Plan: Do it',
        toolCall: {
          kind: 'switch_mode',
          content: [{ type: 'content', content: { type: 'text', text: plan } }],
        },
      },
    ]);
  });

  test('answers to a question go to the questions that they name', () => {
    const questions = [
      { question: 'Which?', header: 'W', options: [{ label: 'A' }] },
      { question: 'Many?', multiSelect: true, options: [] },
    ];
    const { state, events } = opened().say(ask('q', { questions }, 'AskUserQuestion'));
    expect(events).toMatchObject([{ type: 'question', schema: { required: ['Which?', 'Many?'] } }]);
    const answer = (content: AgentCommand & { type: 'answer_question' }) => encode(content, state);
    const base = { type: 'answer_question', request: 'q' } as const;
    const answers = (told: object) => [
      { response: { response: { updatedInput: { answers: told } } } },
    ];
    expect(answer({ ...base, outcome: 'answered', content: 'A' })).toMatchObject(
      answers({ 'Which?': 'A' }),
    );
    expect(
      answer({ ...base, outcome: 'answered', content: { 'Which?': 'A', 'Many?': ['B', 'C'] } }),
    ).toMatchObject(answers({ 'Which?': 'A', 'Many?': 'B, C' }));
    expect(answer({ ...base, outcome: 'declined' })).toMatchObject([
      { response: { response: { behavior: 'deny' } } },
    ]);
  });

  test('A3: a question that the agent takes back is withdrawn', () => {
    const cancel = { type: 'control_cancel_request', request_id: 'q' };
    const { events, state } = opened().say(ask('q', {}), cancel);
    expect(events.map(({ type }) => type)).toEqual(['approval', 'request_withdrawn']);
    expect(state).toMatchObject({ asked: [] });
  });

  test('R7: no command changes what the decoder knows', () => {
    const { state } = opened().say(ask('q', { command: 'ls' }));
    const before = JSON.stringify(state);
    encode(prompt, state);
    encode({ type: 'cancel', run: 'r' }, state);
    encode({ type: 'answer_approval', request: 'q', option: 'allow' }, state);
    expect(JSON.stringify(state)).toBe(before);
  });
});
