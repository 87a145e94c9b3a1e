import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Entry } from '../../src/domain/entry.ts';
import { textOf } from '../../src/domain/content.ts';
import { Daemon } from './daemon.ts';
import { Editor, type EditorOptions, type Way, ways } from './editor.ts';

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.open();
});
afterAll(() => daemon.close());

async function open(way: Way, options: EditorOptions = {}): Promise<Editor> {
  const editor = await Editor.open(daemon, way, options);
  onTestFinished(() => editor.close());
  return editor;
}

const brisk = '[[pace 0]]';
const ofRun = (text: string): string => `${brisk} ${text}`;

describe.for(ways)('an editor over %s', { timeout: 60_000 }, (way) => {
  test('P1 V4: a prompt is answered when its run has ended, after all that was said', async () => {
    const editor = await open(way);
    const session = await editor.session(daemon.cwd);
    const text = ofRun('[[think hm]] [[say Hello, you]] [[plan a;b]] [[usage 5|6]] [[cost 0.5]]');
    const answer = await editor.prompt(session, text);
    expect(answer).toMatchObject({ stopReason: 'end_turn', usage: { totalTokens: 11 } });
    // Its own prompt an editor shows by itself.
    expect(editor.shown(session).map(({ role, text: said }) => [role, said])).toEqual([
      ['thought', 'hm'],
      ['agent', 'Hello, you'],
    ]);
    expect(editor.of(session, 'plan').at(-1)?.entries).toMatchObject([
      { content: 'a', status: 'completed' },
      { content: 'b', status: 'completed' },
    ]);
    expect(editor.of(session, 'usage_update').at(-1)).toMatchObject({
      used: 11,
      cost: { amount: 0.5, currency: 'USD' },
      _meta: { turnkeep: { tokens: { input: 5, output: 6 } } },
    });
    const [prompt] = (await daemon.log(session)).filter(({ kind }) => kind === 'prompt');
    expect(prompt).toMatchObject({ by: { type: 'client', client: 'acp ed' } });
  });

  test('V1 V2: load tells the whole history, and the same again to another editor', async () => {
    const editor = await open(way);
    const session = await editor.session(daemon.cwd);
    await editor.prompt(session, ofRun('[[say one]] [[write a.txt|x\\n]] [[title Notes]]'));
    await editor.prompt(session, ofRun('[[think two]] [[say three]] [[run echo hi]]'));
    const first = editor.updates.length;
    await editor.load(session);
    const again = editor.shown(session, first);
    const log = await daemon.log(session);
    expect(again).toEqual(conversation(log));
    const other = await open(way);
    await other.load(session);
    expect(other.shown(session)).toEqual(again);
    const calls = other.of(session, 'tool_call');
    expect(calls.map(({ title, kind }) => [title, kind])).toEqual([
      ['Write a.txt', 'edit'],
      ['echo hi', 'execute'],
    ]);
    const ends = other
      .of(session, 'tool_call_update')
      .filter(({ status }) => status === 'completed');
    expect(ends.map(({ toolCallId }) => toolCallId)).toEqual(calls.map((one) => one.toolCallId));
    expect(JSON.stringify(ends[0]?.content)).toContain('"newText":"x\\n"');
    expect(other.of(session, 'session_info_update').at(-1)?.title).toBe('Notes');
  });

  test('V2: two editors on one session see everything, prompts of each other too', async () => {
    const [one, two] = [await open(way), await open(way)];
    const session = await one.session(daemon.cwd);
    await two.request('session/resume', { sessionId: session, cwd: daemon.cwd });
    await one.prompt(session, ofRun('[[say from one]]'));
    const theirs = await two.prompt(session, ofRun('[[say from two]]'));
    expect(theirs.stopReason).toBe('end_turn');
    await one.until('one sees two', () => one.said(session) === 'from one\nfrom two');
    expect(two.said(session)).toBe('from one\nfrom two');
    expect(one.shown(session).filter(({ role }) => role === 'user')).toMatchObject([
      { text: ofRun('[[say from two]]') },
    ]);
    expect(two.shown(session).filter(({ role }) => role === 'user')).toMatchObject([
      { text: ofRun('[[say from one]]') },
    ]);
  });

  test('V2: prompts of other clients and what the agent begins by itself are shown', async () => {
    const editor = await open(way);
    const session = await editor.session(daemon.cwd);
    const content = ofRun('[[say yes]] [[agentturn 50|by myself]]');
    await daemon.client.sessions.send({ session, content });
    await editor.until('its own turn', () => editor.said(session) === 'yes\nby myself');
    expect(editor.shown(session)[0]).toMatchObject({ role: 'user', text: content });
  });

  test('P2 P3: a second prompt waits; a cancel ends the run and what waited', async () => {
    const editor = await open(way);
    const session = await editor.session(daemon.cwd);
    const first = editor.prompt(session, ofRun('[[say begun]] [[hang]]'));
    await editor.until('it runs', () => editor.said(session) === 'begun');
    const second = editor.prompt(session, ofRun('[[say never]]'));
    await daemon.entry(session, ({ kind, data }) => {
      return kind === 'prompt' && JSON.stringify(data).includes('never');
    });
    await editor.cancel(session);
    expect(await Promise.all([first, second])).toMatchObject([
      { stopReason: 'cancelled' },
      { stopReason: 'cancelled' },
    ]);
    const row = (await daemon.client.sessions.get({ session })).session;
    expect([row.queued, row.activeRun]).toEqual([0, null]);
    expect(await editor.prompt(session, ofRun('[[say on]]'))).toMatchObject({
      stopReason: 'end_turn',
    });
    expect(editor.said(session)).toBe('begun\non');
  });

  test('R4 P2: a prompt that is sent right after a cancel is not cancelled by it', async () => {
    const editor = await open(way);
    const session = await editor.session(daemon.cwd);
    const first = editor.prompt(session, ofRun('[[say begun]] [[hang]]'));
    await editor.until('it runs', () => editor.said(session) === 'begun');
    const cancelled = editor.cancel(session);
    const second = editor.prompt(session, ofRun('[[say instead]]'));
    await cancelled;
    expect((await first).stopReason).toBe('cancelled');
    expect((await second).stopReason).toBe('end_turn');
    expect(editor.said(session)).toBe('begun\ninstead');
  });

  test('P2: queued prompts run one after the other, each with its own answer', async () => {
    const editor = await open(way);
    const session = await editor.session(daemon.cwd);
    // The first takes longest to be sent: what is large in it is put beside it before.
    const data = Buffer.alloc(200_000, 7).toString('base64');
    const first = editor.request('session/prompt', {
      sessionId: session,
      prompt: [
        { type: 'text', text: ofRun('[[say a]]') },
        { type: 'image', mimeType: 'image/png', data },
      ],
    });
    const asked = [
      first,
      ...['b', 'c'].map((text) => editor.prompt(session, ofRun(`[[say ${text}]]`))),
    ];
    for (const { stopReason } of await Promise.all(asked)) expect(stopReason).toBe('end_turn');
    expect(editor.said(session)).toBe('a\nb\nc');
    await editor.load(session);
    const image = editor
      .of(session, 'user_message_chunk')
      .find(({ content }) => content.type === 'image');
    expect(image?.content).toEqual({ type: 'image', mimeType: 'image/png', data });
  });

  test('R4: a run that somebody else aborts answers its prompt as cancelled', async () => {
    const editor = await open(way);
    const session = await editor.session(daemon.cwd);
    const asked = editor.prompt(session, ofRun('[[say begun]] [[hang]]'));
    await editor.until('it runs', () => editor.said(session) === 'begun');
    await daemon.client.sessions.abort({ session, wait: true });
    expect(await asked).toMatchObject({ stopReason: 'cancelled' });
  });

  test('R3: a run that fails is an error with its category, one that met a limit says so', async () => {
    const editor = await open(way);
    const session = await editor.session(daemon.cwd);
    await expect(editor.prompt(session, '[[fail -32000|no key|auth]]')).rejects.toMatchObject({
      code: -32_000,
      data: { category: 'auth' },
    });
    await expect(editor.prompt(session, '[[exit 3]]')).rejects.toMatchObject({ code: -32_603 });
    expect(await editor.prompt(session, '[[max_tokens]]')).toMatchObject({
      stopReason: 'max_tokens',
    });
    expect(await editor.prompt(session, '[[refuse]]')).toMatchObject({ stopReason: 'refusal' });
  });

  test('R3 P3: a prompt of an agent that does not start is answered with why, and waits for nobody', async () => {
    const editor = await open(way);
    const cwd = await mkdtemp(path.join(daemon.home, 'gone-'));
    const session = await editor.session(cwd);
    await rm(cwd, { recursive: true });
    await expect(editor.prompt(session, '[[say x]]')).rejects.toMatchObject({
      code: -32_603,
      message: expect.stringContaining(cwd),
      data: { category: 'launch' },
    });
    expect((await daemon.client.sessions.get({ session })).session.queued).toBe(0);
    await mkdir(cwd);
    expect(await editor.prompt(session, ofRun('[[say y]]'))).toMatchObject({
      stopReason: 'end_turn',
    });
    expect(editor.said(session)).toBe('y');
  });

  test('P3: what waits behind a run that failed is taken back, and says so', async () => {
    const editor = await open(way);
    const session = await editor.session(daemon.cwd);
    const first = editor.prompt(
      session,
      ofRun('[[say begun]] [[sleep 300]] [[fail -32603|broken]]'),
    );
    // What rejects before it is awaited is awaited all the same.
    const failed = expect(first).rejects.toMatchObject({
      message: expect.stringContaining('broken'),
    });
    await editor.until('it runs', () => editor.said(session) === 'begun');
    const second = editor.prompt(session, ofRun('[[say never]]'));
    await expect(second).rejects.toMatchObject({ data: { code: 'conflict' } });
    await failed;
    expect((await daemon.client.sessions.get({ session })).session.queued).toBe(0);
  });

  test('A1 A2: a permission is asked of all editors, the first decision holds, the others are withdrawn', async () => {
    const [one, two] = [await open(way), await open(way)];
    const session = await one.session(daemon.cwd);
    await two.load(session);
    const asked = one.prompt(session, ofRun('[[ask write b.txt|b\\n]] [[say done]]'));
    const [first, second] = await Promise.all(
      [one, two].map((each) => each.until('it is asked', () => each.permissions[0])),
    );
    expect(first!.params.options.map(({ optionId }) => optionId)).toEqual([
      'allow_once',
      'allow_always',
      'reject_once',
      'reject_always',
    ]);
    const calls = one.of(session, 'tool_call').map(({ toolCallId }) => toolCallId);
    expect(calls).toEqual([first!.params.toolCall.toolCallId]);
    expect(second!.params.toolCall.toolCallId).toBe(calls[0]);
    second!.answer({ outcome: { outcome: 'selected', optionId: 'allow_once' } });
    await one.until('it is withdrawn', () => first!.withdrawn);
    expect((await asked).stopReason).toBe('end_turn');
    expect(one.said(session)).toContain('done');
    const decided = (await daemon.log(session)).filter(({ kind }) => kind === 'decision');
    expect(decided).toMatchObject([{ data: { outcome: 'allowed', option: 'allow_once' } }]);
  });

  test('A2: an approval that is open is asked at load and at resume, and a dismissal decides nothing', async () => {
    const one = await open(way);
    const session = await one.session(daemon.cwd);
    const asked = one.prompt(session, ofRun('[[ask run echo no]] [[say done]]'));
    const dismissed = await one.until('it is asked', () => one.permissions[0]);
    dismissed.answer({ outcome: { outcome: 'cancelled' } });
    const two = await open(way);
    await two.request('session/resume', { sessionId: session, cwd: daemon.cwd });
    const resumed = await two.until('asked at resume', () => two.permissions[0]);
    expect(resumed.params.toolCall.toolCallId).toBe(dismissed.params.toolCall.toolCallId);
    await two.request('session/close', { sessionId: session });
    await two.until('closed, it is not asked', () => resumed.withdrawn);
    await two.load(session);
    const loaded = await two.until('asked at load', () => two.permissions[1]);
    loaded.answer({ outcome: { outcome: 'selected', optionId: 'reject_once' } });
    expect((await asked).stopReason).toBe('end_turn');
    const decided = (await daemon.log(session)).filter(({ kind }) => kind === 'decision');
    expect(decided).toMatchObject([{ data: { outcome: 'denied' } }]);
  });

  test('A1: questions are asked where the editor has forms, and stay for others where not', async () => {
    const plain = await open(way, { capabilities: {} });
    const session = await plain.session(daemon.cwd);
    const asked = plain.prompt(
      session,
      ofRun('[[question Which?|red|blue]] [[form More|name|age: number]] [[question Else?|x|y]]'),
    );
    const able = await open(way);
    await able.load(session);
    const which = await able.until('a question', () => able.questions[0]);
    expect(which.params).toMatchObject({ mode: 'form', message: 'Which?' });
    which.answer({ action: 'accept', content: { answer: 'blue' } });
    const form = await able.until('a form', () => able.questions[1]);
    form.answer({ action: 'accept', content: { name: 'Ada', age: 7 } });
    (await able.until('one more', () => able.questions[2])).answer({ action: 'decline' });
    expect((await asked).stopReason).toBe('end_turn');
    expect(plain.said(session)).toContain('blue');
    expect(plain.said(session)).toContain('"age":7');
    expect(plain.questions).toEqual([]);
    const outcomes = (await daemon.log(session)).filter(({ kind }) => kind === 'answer');
    expect(outcomes.map(({ data }) => (data as { outcome: string }).outcome)).toEqual([
      'answered',
      'answered',
      'declined',
    ]);
  });

  test('V5: modes and options are those of the agent; who else changes them is told', async () => {
    const [one, two] = [await open(way), await open(way)];
    const made = await one.request('session/new', { cwd: daemon.cwd, mcpServers: [] });
    const session = made.sessionId;
    expect(made.modes?.availableModes.map(({ id }) => id)).toEqual(['ask', 'auto']);
    expect(chosen(made.configOptions)).toEqual({ mode: 'ask', model: 'steady', effort: 'low' });
    await two.load(session);
    const set = await one.request('session/set_config_option', {
      sessionId: session,
      configId: 'model',
      value: 'brisk',
    });
    expect(chosen(set.configOptions)).toMatchObject({ model: 'brisk' });
    await one.request('session/set_mode', { sessionId: session, modeId: 'auto' });
    await two.until('the mode', () =>
      two.of(session, 'current_mode_update').some(({ currentModeId }) => currentModeId === 'auto'),
    );
    const told = two.of(session, 'config_option_update').at(-1)?.configOptions;
    expect(chosen(told)).toMatchObject({ mode: 'auto', model: 'brisk' });
    await daemon.client.sessions.patch({ session, effort: 'high', title: 'Mine' });
    await one.until('the effort', () =>
      one
        .of(session, 'config_option_update')
        .some(({ configOptions }) => chosen(configOptions)['effort'] === 'high'),
    );
    await one.until('the title', () =>
      one.of(session, 'session_info_update').some(({ title }) => title === 'Mine'),
    );
    await one.prompt(session, ofRun('[[settings]]'));
    expect(one.said(session)).toContain('"model":"brisk"');
    const wrong = { sessionId: session, configId: 'colour', value: 'red' };
    await expect(one.request('session/set_config_option', wrong)).rejects.toMatchObject({
      code: -32_602,
    });
  });

  test('sessions are listed by directory, forked, closed and deleted', async () => {
    const editor = await open(way);
    const session = await editor.session(daemon.cwd);
    await editor.prompt(session, ofRun('[[say base]]'));
    const forked = await editor.request('session/fork', { sessionId: session, cwd: daemon.cwd });
    await editor.prompt(forked.sessionId, ofRun('[[say branch]]'));
    expect(editor.said(forked.sessionId)).toMatch(/branch$/);
    const other = await open(way);
    await other.load(forked.sessionId);
    const [base, branch] = [await daemon.log(session), await daemon.log(forked.sessionId)];
    // The agent is primed: the first block of what it was given is ours, and no prompt.
    const own = conversation(branch).map((one) => {
      return one.role === 'user' ? { ...one, text: ofRun('[[say branch]]') } : one;
    });
    expect(other.shown(forked.sessionId)).toEqual([...conversation(base), ...own]);
    const ids = await listed(editor, { cwd: daemon.cwd });
    expect(ids).toEqual(expect.arrayContaining([session, forked.sessionId]));
    expect(await listed(editor, { cwd: daemon.home })).toEqual([]);
    const asked = editor.prompt(session, ofRun('[[say begun]] [[sleep 200]] [[say ended]]'));
    const letGo = expect(asked).rejects.toMatchObject({ code: -32_800 });
    await editor.until('it runs', () => editor.said(session).endsWith('begun'));
    await editor.request('session/close', { sessionId: session });
    await letGo;
    // What it was doing it has gone on doing.
    const end = await daemon.entry(
      session,
      ({ kind, seq, data }) =>
        kind === 'run_ended' &&
        seq > 10 &&
        (data as { answer?: { text: string } }).answer?.text === 'ended',
    );
    expect(end.data).toMatchObject({ outcome: 'completed' });
    await expect(editor.prompt(session, 'x')).rejects.toMatchObject({ code: -32_002 });
    await editor.request('session/delete', { sessionId: session });
    expect(await listed(editor, { cwd: daemon.cwd })).not.toContain(session);
  });

  test('S3 S5: refusals are errors of the protocol with our code beside them', async () => {
    const editor = await open(way);
    await expect(editor.session('/not/there')).rejects.toMatchObject({
      code: -32_602,
      data: { code: 'invalid', field: 'cwd' },
    });
    await expect(editor.load('nothing')).rejects.toMatchObject({
      code: -32_002,
      data: { code: 'not_found' },
    });
    const agent = { _meta: { turnkeep: { agent: 'nobody' } } };
    await expect(editor.session(daemon.cwd, agent)).rejects.toMatchObject({ code: -32_602 });
  });
});

describe('over stdio alone', () => {
  test('--session opens that session with its history, and --agent names the agent of new ones', async () => {
    const { session } = await daemon.client.sessions.create({ cwd: daemon.cwd, agent: 'scripted' });
    await daemon.client.sessions.send({ session: session.id, content: ofRun('[[say before]]') });
    await daemon.entry(session.id, ({ kind }) => kind === 'run_ended');
    const editor = await open('stdio', { words: ['--session', session.id.slice(0, 30)] });
    expect(await editor.session('/')).toBe(session.id);
    await editor.until('its history', () => editor.said(session.id) === 'before');
    const failing = await open('stdio', { words: ['--agent', 'nobody'] });
    await expect(failing.session(daemon.cwd)).rejects.toMatchObject({ code: -32_602 });
  });
});

function chosen(options: readonly { id: string; currentValue: unknown }[] | null | undefined) {
  return Object.fromEntries((options ?? []).map(({ id, currentValue }) => [id, currentValue]));
}

async function listed(editor: Editor, { cwd }: { cwd: string }): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null = null; ;) {
    const page: { sessions: { sessionId: string }[]; nextCursor?: string | null } =
      await editor.request('session/list', { cwd, ...(cursor === null ? {} : { cursor }) });
    ids.push(...page.sessions.map(({ sessionId }) => sessionId));
    cursor = page.nextCursor ?? null;
    if (cursor === null) return ids;
  }
}

/** What of the log an editor shows. */
function conversation(log: readonly Entry[]) {
  return log.flatMap((entry) => {
    if (entry.kind === 'delivery') {
      return [{ role: 'user', id: entry.about, text: textOf(entry.data.content) }];
    }
    if (entry.kind === 'message') {
      return [{ role: 'agent', id: entry.id, text: textOf(entry.data.content) }];
    }
    if (entry.kind !== 'thought') return [];
    return [{ role: 'thought', id: entry.id, text: textOf(entry.data.content) }];
  });
}
