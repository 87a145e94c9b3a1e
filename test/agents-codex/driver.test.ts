import { describe, expect, test } from 'vitest';
import { builtInAgents } from '../../src/agents/agents.ts';
import { codexAgent } from '../../src/agents/codex/driver.ts';
import { codexVariables } from '../../src/agents/codex/program.ts';
import type { AgentCommand, AgentEvent } from '../../src/domain/agent-event.ts';
import { secretName } from '../../src/domain/settings.ts';
import type { DecoderState, OpenSpec } from '../../src/ports/agent.ts';
import {
  command,
  completed,
  decodeAll,
  delta,
  driver,
  item,
  linesOfMessages,
  note,
  opened,
  opening,
  specOf,
  started,
  thread,
} from './conversation.ts';

interface Line {
  id?: string | number;
  method?: string;
  params?: { [member: string]: unknown };
  result?: unknown;
}

const parsed = (line: string): Line => JSON.parse(line) as Line;

/** What is sent by itself while the thread is opened. */
function openingOf(spec: Partial<OpenSpec>, from = driver, skills: object[] = []): Line[] {
  const messages = [opening[0]!, { id: 'skills', result: { data: [{ skills }] } }];
  let state = from.initial(specOf(spec));
  const sent: Line[] = [];
  for (const line of linesOfMessages(messages)) {
    const step = from.decode(state, line);
    state = step.state;
    for (const event of step.events) if (event.type === 'send') sent.push(parsed(event.line));
  }
  return sent;
}

const threadOf = (lines: readonly Line[]): Line => lines.find(({ id }) => id === 'thread')!;

describe('the program', () => {
  const argsOf = (spec: Partial<OpenSpec>, from = driver) => from.program(specOf(spec)).args;

  test('S8: neither the directory nor any around it is trusted, whatever the user’s own configuration says', () => {
    const args = argsOf({ cwd: '/home/me/"x' });
    const levels = ['/home/me/\\"x', '/home/me', '/home', '/'];
    const projects = levels.map((level) => `"${level}"={trust_level="untrusted"}`).join(',');
    expect(args).toContain(`--config=projects={${projects}}`);
    expect(args).toContain('--config=project_doc_max_bytes=0');
    expect(args).toContain('--config=skills.include_instructions=false');
  });

  test('S8: what a directory brings along is used where the operator has named it, and those beside it', () => {
    const trusting = codexAgent({ program: 'codex', env: {}, trusted: ['/home/me/mine', '/opt/'] });
    const isOff = (spec: Partial<OpenSpec>): boolean =>
      argsOf(spec, trusting).includes('--config=project_doc_max_bytes=0');
    for (const cwd of ['/home/me/mine', '/home/me/mine/deep/in', '/opt/x']) {
      expect(isOff({ cwd })).toBe(false);
      expect(argsOf({ cwd }, trusting)).toContain(
        `--config=projects={"${cwd}"={trust_level="trusted"}}`,
      );
      // Codex reads what stands in these, too.
      expect(isOff({ cwd, additionalDirs: ['/home/me/theirs'] })).toBe(true);
    }
    for (const cwd of ['/home/me', '/home/me/mine-not', '/optional'])
      expect(isOff({ cwd })).toBe(true);
    expect(openingOf({ cwd: '/opt/x' }, trusting).map(({ method }) => method)).toEqual([
      'initialized',
      'thread/start',
    ]);
  });

  test('S8: skills of the directory are switched off one by one, those of the user are not', () => {
    const skills = [
      { name: 'a', scope: 'repo', path: '/project/.agents/skills/a/SKILL.md' },
      { name: 'b', scope: 'of tomorrow', path: '/elsewhere/b' },
      { name: 'c', scope: 'user', path: '/home/me/c' },
      { name: 'd', scope: 'system', path: '/home/me/d' },
    ];
    const { params } = threadOf(openingOf({}, driver, skills));
    expect(params?.['config']).toEqual({
      skills: {
        config: [
          { path: '/project/.agents/skills/a/SKILL.md', enabled: false },
          { path: '/elsewhere/b', enabled: false },
        ],
      },
    });
  });

  test('S8: a Codex that does not say which skills there are opens nothing', () => {
    const messages = [opening[0]!, { id: 'skills', error: { message: 'no' } }];
    const { events } = decodeAll(linesOfMessages(messages), driver.initial(specOf()));
    expect(events.flat().at(-1)).toMatchObject({
      type: 'open_failed',
      error: { category: 'launch' },
    });
  });

  test('S3: whatever a session is called or wants, it stays in its place', () => {
    const hostile = ['--config=x=1', '-c', '../x', 'a b', '$(id)', '\u0000', '', '"', '\u007f'];
    const usual = argsOf({}).length;
    for (const value of hostile) {
      const args = argsOf({
        nativeId: value,
        model: value,
        mode: value,
        effort: value,
        session: value,
      });
      expect(args.length).toBe(usual);
      expect(args).not.toContain(value);
      const { method, params } = threadOf(openingOf({ nativeId: value, model: value }));
      expect([method, params?.['threadId']]).toEqual(['thread/resume', value]);
      expect(params).not.toHaveProperty('model');
    }
  });

  test('S4: it gets what is configured for it', () => {
    const agent = builtInAgents({
      scripted: { node: 'node', program: 'main.js', store: 'store' },
      codex: { program: '/opt/codex', env: { OPENAI_API_KEY: 'k' }, trusted: [] },
    })[1]!;
    expect(agent.program(specOf())).toMatchObject({
      program: '/opt/codex',
      env: { OPENAI_API_KEY: 'k' },
    });
    expect(codexVariables).toContain('CODEX_HOME');
    expect(codexVariables).not.toContain('GITHUB_TOKEN');
  });

  test('the values of a server’s variables are in a file, and a shell in front of it reads them', () => {
    const server = { type: 'stdio', name: 'mine', command: '/opt/s', args: ['a "b"'] } as const;
    const spec = specOf({ mcpServers: [{ ...server, env: ['KEY'] }] });
    const secrets = { [secretName('KEY', 'mine')]: "it's\n$HOME" };
    const [file, ...more] = driver.files!(spec, secrets);
    expect(more).toEqual([]);
    expect(file).toEqual({
      option: '--config=mcp_servers.mine.env.TURNKEEP_SECRETS',
      content: "export KEY='it'\\''s\n$HOME'\n",
    });
    const { args } = driver.program(spec);
    expect(args.join(' ')).not.toContain('HOME');
    expect(args.at(-1)).toMatch(/^--config=mcp_servers\.mine=\{command="\/bin\/sh",args=\["-c",/);
    expect(args.at(-1)).toContain(String.raw`"/opt/s","a \"b\""]}`);
    expect(argsOf({ mcpServers: [{ ...server, env: [] }] }).at(-1)).toBe(
      String.raw`--config=mcp_servers.mine={command="/opt/s",args=["a \"b\""]}`,
    );
  });

  test('a server that cannot be given what it needs is not worked without', () => {
    const failed = (server: OpenSpec['mcpServers'][number]): unknown => {
      const spec = specOf({ mcpServers: [server] });
      const { events } = decodeAll(linesOfMessages([opening[0]!]), driver.initial(spec));
      return events.flat()[0]?.type;
    };
    const url = 'http://127.0.0.1:1';
    expect(failed({ type: 'http', name: 'a', url, headers: ['X'] })).toBe('open_failed');
    expect(failed({ type: 'stdio', name: 'a', command: 'x', args: [], env: ['a-b'] })).toBe(
      'open_failed',
    );
    expect(failed({ type: 'http', name: 'a', url, headers: [] })).toBe('send');
    const { events } = decodeAll(
      linesOfMessages(opening),
      driver.initial(specOf({ mcpServers: [{ type: 'sse', name: 'a', url, headers: [] }] })),
    );
    expect(events.flat()).toContainEqual(
      expect.objectContaining({ type: 'notice', code: 'mcp-server' }),
    );
  });
});

describe('opening', () => {
  test('its first line asks for nothing but an answer', () => {
    expect(driver.open(specOf()).map((line) => parsed(line).method)).toEqual(['initialize']);
  });

  test('A1: without a wish every command and every change is asked about, and by no model', () => {
    expect(threadOf(openingOf({})).params).toMatchObject({
      approvalPolicy: 'untrusted',
      approvalsReviewer: 'user',
      sandbox: 'workspace-write',
    });
    for (const mode of ['never', 'full-access', 'danger-full-access', 'constructor']) {
      expect(threadOf(openingOf({ mode })).params).toMatchObject({ approvalPolicy: 'untrusted' });
    }
    expect(threadOf(openingOf({ mode: 'read-only' })).params).toMatchObject({
      approvalPolicy: 'on-request',
      sandbox: 'read-only',
    });
  });

  test('R10: an error, and another thread than was asked for, are no session', () => {
    const answers = [
      { id: 'thread', error: { code: -32600, message: 'no rollout found' } },
      { id: 'thread', result: { thread: { id: 'another' } } },
      { id: 'thread', result: {} },
    ];
    for (const answer of answers) {
      const messages = [...opening.slice(0, 2), answer];
      const { events } = decodeAll(
        linesOfMessages(messages),
        driver.initial(specOf({ nativeId: thread })),
      );
      expect(events.flat().at(-1)?.type).toBe('open_failed');
    }
  });

  test('settings go with the thread, instructions too', () => {
    const spec = {
      model: 'gpt-5.5',
      effort: 'high',
      additionalDirs: ['/beside', 'not absolute'],
      instructions: { replace: 'Be terse.', append: 'And kind.' },
    };
    expect(threadOf(openingOf(spec)).params).toMatchObject({
      model: 'gpt-5.5',
      config: { model_reasoning_effort: 'high' },
      runtimeWorkspaceRoots: ['/project', '/beside'],
      baseInstructions: 'Be terse.',
      developerInstructions: 'And kind.',
    });
  });
});

function turn(...messages: readonly object[]): readonly AgentEvent[] {
  return opened().say(started, note('turn/started', { turn: { id: 'turn-1' } }), ...messages)
    .events;
}

describe('turns', () => {
  const outcomeOf = (more: object): unknown => {
    const event = turn(completed(more)).at(-1);
    return event?.type === 'turn_ended' ? [event.outcome, event.error?.category] : event;
  };
  const failed = (codexErrorInfo: unknown, message = 'x') =>
    outcomeOf({ status: 'failed', error: { message, codexErrorInfo } });

  test('R3: only what is completed without an error is a success', () => {
    expect(outcomeOf({})).toEqual(['completed', undefined]);
    expect(outcomeOf({ status: 'interrupted' })).toEqual(['cancelled', undefined]);
    expect(outcomeOf({ status: 'failed' })).toEqual(['failed', 'unknown']);
    expect(outcomeOf({ status: undefined })).toEqual(['failed', 'protocol']);
    expect(outcomeOf({ error: { message: 'x' } })).toEqual(['failed', 'unknown']);
  });

  test('R3: failures have the category of what Codex calls them, and of the HTTP status before it', () => {
    expect(failed('usageLimitExceeded')).toEqual(['failed', 'limit']);
    expect(failed('unauthorized')).toEqual(['failed', 'auth']);
    expect(failed('serverOverloaded')).toEqual(['failed', 'service']);
    expect(failed('modelNotFound')).toEqual(['failed', 'request']);
    expect(failed('toString')).toEqual(['failed', 'unknown']);
    expect(failed({ httpConnectionFailed: { httpStatusCode: null } })).toEqual([
      'failed',
      'connection',
    ]);
    expect(failed({ httpConnectionFailed: { httpStatusCode: 403 } })).toEqual(['failed', 'auth']);
    expect(failed({ responseTooManyFailedAttempts: { httpStatusCode: 429 } })).toEqual([
      'failed',
      'limit',
    ]);
    expect(failed('other', 'Missing environment variable: `KEY`.')).toEqual(['failed', 'auth']);
    expect(failed('other', 'stream disconnected before completion')).toEqual([
      'failed',
      'connection',
    ]);
  });

  test('a bad request is told in the service’s own words, however strange its answer is', () => {
    const told = (message: string): unknown => {
      const event = turn(completed({ status: 'failed', error: { message } })).at(-1);
      return event?.type === 'turn_ended' ? event.error?.message : event;
    };
    expect(told('{"error":{"type":"invalid_request_error","message":"too \\"long\\""}}')).toBe(
      'too "long"',
    );
    for (const message of [
      '{"error":{"message":"a\\q"}}',
      '{"error":{"message":"a\n"}}',
      '{"error":',
    ]) {
      expect(told(message)).toBe(message);
    }
  });

  test('R2: the end of another turn ends nothing, and of another thread says nothing', () => {
    expect(turn(completed({ id: 'turn-0' })).map(({ type }) => type)).toEqual(['unrecognized']);
    const other = {
      method: 'turn/completed',
      params: { threadId: 'other', turn: { id: 'turn-1' } },
    };
    expect(turn(other)).toEqual([]);
  });

  test('a turn that no prompt began is the agent’s own', () => {
    const { events } = opened().say(note('turn/started', { turn: { id: 'turn-9' } }), {
      ...completed({ id: 'turn-9' }),
    });
    expect(events).toMatchObject([
      { type: 'turn_started' },
      { type: 'turn_ended', outcome: 'completed' },
    ]);
    expect(events[1]).not.toHaveProperty('run');
  });

  test('P3: a prompt that is refused is not taken, and its run has failed', () => {
    const { events } = opened().say({ id: 'prompt:run-1:p:1', error: { message: 'too large' } });
    expect(events).toMatchObject([
      { type: 'prompt_dropped', prompt: 'p:1' },
      { type: 'turn_ended', run: 'run-1', outcome: 'failed', error: { message: 'too large' } },
    ]);
  });

  test('R4: a cancelled turn is over when its last command is, or when Codex lists none any more', () => {
    const interrupted = completed({ status: 'interrupted' });
    const running = [item('started', command('c1')), item('started', command('c2')), interrupted];
    expect(turn(...running).at(-1)).toMatchObject({
      type: 'send',
      line: expect.stringContaining('backgroundTerminals/list') as string,
    });
    const data = [
      { itemId: 'c1', processId: '11' },
      { itemId: 'before', processId: '12' },
    ];
    const listed = { id: 'running:turn-1', result: { data } };
    const told = turn(...running, listed).filter(({ type }) => type === 'send');
    // Not what was started before this turn.
    expect(JSON.stringify(told)).toContain('11');
    expect(JSON.stringify(told)).not.toContain('12');
    const ends = [
      item('completed', command('c1', { status: 'failed' })),
      item('completed', command('c2')),
    ];
    expect(turn(...running, listed, ends[0]!).at(-1)?.type).toBe('tool_call');
    expect(turn(...running, listed, ...ends).at(-1)).toMatchObject({ outcome: 'cancelled' });
    const none = { id: 'running:turn-1', result: { data: [] } };
    expect(turn(...running, none).at(-1)).toMatchObject({ outcome: 'cancelled' });
    expect(turn(...running, { id: 'running:turn-1', error: {} }).at(-1)).toMatchObject({
      outcome: 'cancelled',
    });
  });
});

describe('sub-agents', () => {
  const of = (method: string, params: object): object => ({
    method,
    params: { threadId: 'child', ...params },
  });
  const begun = of('turn/started', { turn: { id: 'of-child' } });
  const over = (status = 'completed') => of('turn/completed', { turn: { id: 'of-child', status } });
  const working = [started, begun, completed()];

  test('R2: a turn waits for them, also where it goes on by itself meanwhile', () => {
    expect(opened().say(...working).events).toEqual([]);
    expect(opened().say(...working, over()).events).toMatchObject([
      { run: 'run-1', outcome: 'completed' },
    ]);
    const further = note('turn/started', { turn: { id: 'turn-2' } });
    const { events } = opened().say(...working, further, over(), completed({ id: 'turn-2' }));
    expect(events).toMatchObject([{ type: 'turn_ended', run: 'run-1', mark: 'turn-2' }]);
    expect(opened().say(...working, of('thread/closed', {})).events).toMatchObject([
      { run: 'run-1' },
    ]);
  });

  test('R5: a cancel takes them along, also where the turn itself is over', () => {
    const { state } = opened().say(...working);
    const lines = driver.encode(state, { type: 'cancel', run: 'run-1' }).map(parsed);
    expect(lines.map(({ params }) => params)).toEqual([
      { threadId: thread, turnId: 'turn-1' },
      { threadId: 'child', turnId: 'of-child' },
    ]);
    const { events } = opened().say(started, begun, completed({ status: 'interrupted' }));
    expect(
      events.map((event) => (event.type === 'send' ? parsed(event.line).params : event)),
    ).toEqual([{ threadId: 'child', turnId: 'of-child' }]);
  });

  test('A3: a question of theirs that is settled is no longer asked', () => {
    const question = {
      id: 0,
      method: 'item/fileChange/requestApproval',
      params: { threadId: 'child' },
    };
    const { events } = opened().say(
      started,
      begun,
      question,
      of('serverRequest/resolved', { requestId: 0 }),
    );
    expect(events.map(({ type }) => type)).toEqual(['approval', 'request_withdrawn']);
  });
});

describe('diffs', () => {
  const contentOf = (diff: string) => {
    const changes = [{ path: '/p/a', kind: { type: 'update', move_path: null }, diff }];
    const { events } = opened().say(
      item('completed', { type: 'fileChange', id: 'f', changes, status: 'completed' }),
    );
    const [event] = events;
    return event?.type === 'tool_call'
      ? event.toolCall.content?.map((part) =>
          part.type === 'diff' ? [part.oldText, part.newText] : part,
        )
      : events;
  };

  test('each hunk has its lines before and after, and what comes behind the last is none of them', () => {
    expect(
      contentOf('@@ -1,2 +1,2 @@\n a\n-b\n+c\n@@ -9 +9,2 @@\n x\n+y\n\n\nMoved to: /p/b'),
    ).toEqual([
      ['a\nb\n', 'a\nc\n'],
      ['x\n', 'x\ny\n'],
    ]);
    expect(contentOf('@@ -1 +0,0 @@\n--- x')).toEqual([['-- x\n', '']]);
    expect(contentOf('no diff at all')).toEqual([]);
  });

  test('a file without a line end at its end has none here either', () => {
    const none = '\\ No newline at end of file';
    expect(contentOf(`@@ -1 +1 @@\n-a\n${none}\n+b\n${none}\n`)).toEqual([['a', 'b']]);
    expect(contentOf(`@@ -1 +1,2 @@\n-a\n${none}\n+a\n+b\n`)).toEqual([['a', 'a\nb\n']]);
    expect(contentOf(`@@ -1,2 +1,2 @@\n-a\n+c\n b\n${none}\n`)).toEqual([['a\nb', 'c\nb']]);
  });
});

describe('texts', () => {
  const retry = note('error', { willRetry: true, error: { message: 'Reconnecting' } });
  const whole = (id: string, text: string) => item('completed', { type: 'agentMessage', id, text });
  const items = (events: readonly AgentEvent[]) =>
    events.flatMap((event) => {
      if (event.type === 'text') return [`+${event.delta}`];
      return event.type === 'text_end' ? [event.incomplete ? '!' : '.'] : [];
    });

  test('L1: another attempt that says the same goes on with the same entry', () => {
    const { events } = opened().say(
      delta('m1', 'ab'),
      delta('m1', 'cd'),
      retry,
      delta('m2', 'a'),
      delta('m2', 'bc'),
      delta('m2', 'def'),
      whole('m2', 'abcdef'),
    );
    expect(items(events)).toEqual(['+ab', '+cd', '+ef', '.']);
  });

  test('L1: another attempt that says something else, or less, is another entry', () => {
    const other = opened().say(delta('m1', 'abcd'), retry, delta('m2', 'abx'), whole('m2', 'abx'));
    expect(items(other.events)).toEqual(['+abcd', '!', '+abx', '.']);
    const less = opened().say(delta('m1', 'abcd'), retry, delta('m2', 'ab'), whole('m2', 'ab'));
    expect(items(less.events)).toEqual(['+abcd', '!', '+ab', '.']);
  });

  test('V4: what was not streamed of a text comes with its end', () => {
    expect(items(opened().say(delta('m', 'ab'), whole('m', 'abc')).events)).toEqual([
      '+ab',
      '+c',
      '.',
    ]);
    expect(items(opened().say(whole('m', 'abc')).events)).toEqual(['+abc', '.']);
  });

  test('the sections of a thought are paragraphs, and it is told once', () => {
    const piece = (summaryIndex: number, text: string) =>
      note('item/reasoning/summaryTextDelta', { itemId: 'r', summaryIndex, delta: text });
    const raw = note('item/reasoning/textDelta', { itemId: 'r', delta: 'hm' });
    const done = item('completed', {
      type: 'reasoning',
      id: 'r',
      summary: ['a', 'b'],
      content: ['hm'],
    });
    expect(items(opened().say(piece(0, 'a'), raw, piece(1, 'b'), done).events)).toEqual([
      '+a',
      '+\n\nb',
      '.',
    ]);
    expect(items(opened().say(raw, piece(0, 'a'), done).events)).toEqual(['+hm', '.']);
  });
});

describe('commands', () => {
  const encode = (told: AgentCommand, state: DecoderState = opened().state) =>
    driver.encode(state, told).map(parsed);
  const content = [
    { type: 'text', text: 'see' },
    { type: 'image', mimeType: 'image/png', data: 'AAAA' },
  ] as const;
  const prompt = { type: 'prompt', run: 'run-1', prompt: 'p1', content } as const;
  const busy = opened().say(started).state;

  test('P1: a prompt goes under its own name', () => {
    expect(encode(prompt)).toEqual([
      {
        id: 'prompt:run-1:p1',
        method: 'turn/start',
        params: {
          threadId: thread,
          clientUserMessageId: 'p1',
          input: [
            { type: 'text', text: 'see', text_elements: [] },
            { type: 'image', url: 'data:image/png;base64,AAAA' },
          ],
        },
      },
    ]);
  });

  test('P2: it is steered into the turn that runs and into no other', () => {
    const steer = { ...prompt, steer: true } as const;
    expect(encode(steer, busy)).toMatchObject([
      { id: 'steer:run-1:p1', method: 'turn/steer', params: { expectedTurnId: 'turn-1' } },
    ]);
    expect(encode(steer)).toMatchObject([
      { method: 'turn/steer', params: { expectedTurnId: 'none' } },
    ]);
  });

  test('R5: a cancel names the turn, or the one that is just being started', () => {
    const cancel = { type: 'cancel', run: 'run-1' } as const;
    expect(encode(cancel, busy)).toMatchObject([
      { method: 'turn/interrupt', params: { turnId: 'turn-1' } },
    ]);
    expect(encode(cancel)).toMatchObject([{ method: 'turn/interrupt', params: { turnId: '' } }]);
  });

  test('a mode that never asks is not passed on while it is open either', () => {
    const set = (changes: object) => encode({ type: 'set', changes } as AgentCommand);
    expect(set({ mode: 'auto' })[0]?.params).toMatchObject({
      approvalPolicy: 'on-request',
      approvalsReviewer: 'user',
      sandboxPolicy: { type: 'workspaceWrite', networkAccess: false },
    });
    expect(set({ mode: 'never' })).toEqual([
      { id: 'set:mode:never', method: 'thread/settings/update', params: { threadId: thread } },
    ]);
  });

  test('R7: no command changes what the decoder knows', () => {
    const before = JSON.stringify(busy);
    encode(prompt, busy);
    encode({ type: 'cancel', run: 'r' }, busy);
    encode({ type: 'answer_approval', request: 0, option: 'accept' }, busy);
    expect(JSON.stringify(busy)).toBe(before);
  });
});
