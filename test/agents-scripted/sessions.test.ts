import { appendFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isAlive, makeFolder, Program, textOf, until, updatesOf } from './program.ts';

test('initialize tells what the agent can do', async () => {
  const program = new Program();
  const { result } = await program.request('initialize', { protocolVersion: 1 });
  expect(result).toMatchObject({
    protocolVersion: 1,
    agentCapabilities: {
      loadSession: true,
      promptCapabilities: { image: true, embeddedContext: true },
      sessionCapabilities: { resume: {}, close: {} },
    },
    agentInfo: { name: 'scripted' },
  });
});

test('unknown methods, sessions and lines are refused', async () => {
  const program = await new Program().open();
  const code = async (method: string, params: object) =>
    (await program.request(method, params)).error.code;
  expect(await code('session/fork', {})).toBe(-32601);
  expect(await code('constructor', {})).toBe(-32601);
  const unknown = { sessionId: 'nobody', cwd: '/', mcpServers: [], prompt: [] };
  for (const method of ['session/load', 'session/resume', 'session/prompt', 'session/close']) {
    expect(await code(method, unknown)).toBe(-32002);
  }
  expect(await code('session/prompt', { sessionId: program.sessionId })).toBe(-32602);
  program.child.stdin.write('no JSON\n');
  expect(await program.seen(({ id }) => id === null)).toMatchObject({ error: { code: -32700 } });
});

test('a prompt that is no script gets a friendly answer', async () => {
  const program = await new Program().open();
  await program.request('session/set_config_option', {
    sessionId: program.sessionId,
    configId: 'model',
    value: 'brisk',
  });
  const response = await program.response(program.startPrompt('  What   is this? '));
  const text = textOf(updatesOf(program.messages));
  expect(response.result).toMatchObject({ stopReason: 'end_turn' });
  expect(text).toContain('You wrote: “What is this?”.');
  expect(text).toContain('`agentturn`');
});

test('the same script gives the same messages in two processes', async () => {
  const script = '[[say hello]] [[think hm]] [[long 2000]] [[plan a;b]] [[image]]';
  const [first, second] = await Promise.all(
    [1, 2].map(async () => {
      const program = await new Program(['--session-id', 'same']).open();
      await program.prompt(script);
      return program.messages;
    }),
  );
  expect(first).toEqual(second);
});

test('another process loads the conversation before it replies, and goes on with it', async () => {
  const store = makeFolder();
  const first = await new Program(['--store', store]).open();
  await first.prompt('[[say one two]] [[think hm]] [[write a.txt|A]] [[title T]] [[usage 7|3]]');
  first.child.stdin.end();
  expect(await first.ended()).toEqual([0, null]);

  const { sessionId } = first;
  const second = new Program(['--store', store], first.cwd);
  const where = { sessionId, cwd: first.cwd, mcpServers: [] };
  const loaded = await second.request('session/load', where);
  const updates = updatesOf(second.messages.slice(0, second.messages.indexOf(loaded)));
  expect(updates.map((update) => update.sessionUpdate)).toEqual([
    'user_message_chunk',
    'agent_message_chunk',
    'agent_thought_chunk',
    'tool_call',
    'session_info_update',
  ]);
  expect(textOf(updates)).toBe('one two');
  expect(updates[3]).toMatchObject({ status: 'completed', toolCallId: 'call_1_3' });
  expect(loaded.result.modes.currentModeId).toBe('ask');

  second.sessionId = sessionId;
  const { updates: more } = await second.prompt('[[say three]] [[usage 1|1]]');
  expect(more[0].messageId).toBe('msg_2_1');
  expect(more.at(-1)).toMatchObject({ sessionUpdate: 'usage_update', used: 12 });
});

test('resume opens a session without telling it again', async () => {
  const store = makeFolder();
  const first = await new Program(['--store', store, '--session-id', 'mine']).open();
  expect(first.sessionId).toBe('mine');
  await first.prompt('[[say one]]');
  await first.end();
  expect(readdirSync(store)).toEqual(['mine.jsonl']);

  const second = new Program(['--store', store]);
  const where = { sessionId: 'mine', cwd: first.cwd, mcpServers: [] };
  expect((await second.request('session/resume', where)).result.configOptions).toHaveLength(2);
  expect(second.messages).toHaveLength(1);
});

test('a torn end of the store is cut before anything is appended', async () => {
  const store = makeFolder();
  const first = await new Program(['--store', store, '--session-id', 'mine']).open();
  await first.prompt('[[say one]]');
  await first.end();
  appendFileSync(path.join(store, 'mine.jsonl'), '{"type":"upd');

  const where = { sessionId: 'mine', cwd: first.cwd, mcpServers: [] };
  const second = new Program(['--store', store]);
  second.sessionId = 'mine';
  expect((await second.request('session/resume', where)).error).toBeUndefined();
  await second.prompt('[[say two]]');
  await second.end();
  const third = new Program(['--store', store]);
  await third.request('session/load', where);
  expect(textOf(updatesOf(third.messages))).toBe('onetwo');
});

test('a session id cannot name a file outside of the store', async () => {
  const program = new Program(['--store', makeFolder()]);
  for (const sessionId of ['../etc/passwd', '..', '', 'a/b']) {
    const { error } = await program.request('session/load', {
      sessionId,
      cwd: '/',
      mcpServers: [],
    });
    expect(error.code).toBe(-32002);
  }
});

test('a closed session can be loaded again, and not prompted before', async () => {
  const program = await new Program().open();
  await program.prompt('[[say one]]');
  const { sessionId } = program;
  const hanging = program.startPrompt('[[hang]]');
  expect((await program.request('session/close', { sessionId })).result).toEqual({});
  expect((await program.response(hanging)).result.stopReason).toBe('cancelled');
  expect((await program.prompt('[[say two]]')).response.error.code).toBe(-32002);
  const where = { sessionId, cwd: program.cwd, mcpServers: [] };
  expect((await program.request('session/load', where)).result).toBeDefined();
  expect((await program.prompt('[[say two]]')).response.result.stopReason).toBe('end_turn');
});

test('modes and options can be set, unknown ones not', async () => {
  const program = await new Program().open();
  const { sessionId } = program;
  const setMode = (modeId: string) => program.request('session/set_mode', { sessionId, modeId });
  expect((await setMode('auto')).result).toEqual({});
  expect((await setMode('never')).error.code).toBe(-32602);
  const setModel = (value: string) =>
    program.request('session/set_config_option', { sessionId, configId: 'model', value });
  expect((await setModel('brisk')).result.configOptions[0].currentValue).toBe('brisk');
  expect((await setModel('huge')).error.code).toBe(-32602);
  const setEffort = (value: string) =>
    program.request('session/set_config_option', { sessionId, configId: 'effort', value });
  expect((await setEffort('high')).result.configOptions[1].currentValue).toBe('high');
  expect((await setEffort('brisk')).error.code).toBe(-32602);
  const { updates } = await program.prompt('[[settings]]');
  expect(textOf(updates, 'agent_thought_chunk')).toBe('I have thought about it.');
  expect(JSON.parse(textOf(updates))).toMatchObject({
    mode: 'auto',
    model: 'brisk',
    effort: 'high',
    mcpServers: [],
  });
});

test('a session tells with what it was opened, and anew when it is opened again', async () => {
  const program = await new Program(['--store', makeFolder()]).open();
  const { sessionId, cwd } = program;
  const opening = {
    additionalDirectories: ['/other'],
    mcpServers: [{ name: 'one', command: '/one', args: ['-x'], env: [] }],
  };
  await program.request('session/resume', { sessionId, cwd, ...opening });
  const { updates } = await program.prompt('[[settings]]');
  expect(JSON.parse(textOf(updates))).toMatchObject({ cwd, ...opening });
});

test('a second prompt is refused while one runs, and taken after it', async () => {
  const program = await new Program().open();
  const first = program.startPrompt('[[hang]]');
  expect((await program.prompt('[[say two]]')).response.error.code).toBe(-32600);
  program.cancel();
  expect((await program.response(first)).result.stopReason).toBe('cancelled');
  expect((await program.prompt('[[say three]]')).response.result.stopReason).toBe('end_turn');
});

test('it ends with its stdin, flushed, with no command left', async () => {
  const program = await new Program().open();
  program.startPrompt('[[run echo $$; exec sleep 60]]');
  const { params } = await program.seen(
    ({ params: sent }) => sent?.update?.content?.[0]?.content?.text !== undefined,
  );
  const pid = Number(params.update.content[0].content.text);
  program.child.stdin.end();
  expect(await program.ended()).toEqual([0, null]);
  await until(() => !isAlive(pid));
});

test('SIGTERM ends it with 143', async () => {
  const program = await new Program().open();
  program.child.kill('SIGTERM');
  expect(await program.ended()).toEqual([143, null]);
});

test('switches: a failing start, a late one, and ones that make no sense', async () => {
  const failing = new Program(['--fail-start']);
  expect(await failing.ended()).toEqual([3, null]);
  expect(failing.stderr).toContain('told to fail');
  expect(failing.messages).toEqual([]);

  const from = performance.now();
  await new Program(['--delay-start', '150']).open();
  expect(performance.now() - from).toBeGreaterThan(150);

  for (const args of [['--nonsense'], ['--misbehave', 'well'], ['--delay-start', 'x']]) {
    const wrong = new Program(args);
    expect(await wrong.ended()).toEqual([2, null]);
    expect(wrong.stderr).toMatch(/^scripted: /);
  }
});
