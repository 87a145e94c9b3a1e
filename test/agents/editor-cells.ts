// What an editor can ask of every agent through `turnkeep acp`, with the real program behind it. What one of
// them cannot do is expected to fail, and the run fails when it no longer does.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type * as acp from '@agentclientprotocol/sdk/unstable';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Asked, Editor } from '../acp-face/editor.ts';
import { until } from '../app/processes.ts';
import type { Usage } from '../fixtures/models/anthropic.ts';
import { type DaemonStart, EditorWorld, type Where } from './editor-world.ts';
import { script } from './model-script.ts';

export const editorCells = {
  stream: 'V4: its text comes token by token, its thoughts beside it, and the answer after them',
  usage: 'an answer tells what the turn took, as the service counted it',
  context: 'how full its context is is told',
  write: 'A1: a file that is allowed is written, and the permission shows it',
  command: 'A1: a command that is allowed runs, and the permission shows it',
  output: 'what a command prints is shown with its call',
  deny: 'A1: what is denied does not happen, and the turn goes on',
  question: 'A1: a question is a form, and what is filled in reaches the model',
  unasked: 'A2: a question that this editor cannot show is answered by another client',
  abortStream: 'R4: a cancel in a text answers the prompt, and the next one is answered',
  abortCommand: 'R4: a cancel in a command leaves nothing of it running',
  abortApproval: 'A3 R4: a cancel withdraws a permission, and what was asked does not happen',
  queue: 'P2: prompts that come while one runs are answered in their order, each by itself',
  steer: 'P2: a prompt that steers goes into the running turn, and ends with it',
  interrupt: 'P2: a prompt that interrupts ends the running turn and is answered',
  refused: 'R3: a model that refuses the key fails the prompt as auth',
  wrong: 'R3: a request that the model does not take fails the prompt as request',
  model: 'V5: the model that is chosen is the one that is asked',
  mode: 'V5: the mode that is chosen holds for the next prompt',
  resume: 'R10 V1: after a stop of all it is loaded with its history and knows what was said',
  killDaemon: 'R7 V4: an editor whose daemon is killed in a text gets all of the turn, once',
  killBoth: 'R7 V1: after a kill of the daemon and of the editor a load gives the whole turn',
  killApproval:
    'A2 R7: a permission that is open across the kill of the daemon is decided after it',
} as const;

export type EditorCell = keyof typeof editorCells;

export interface EditorDialect {
  agent: string;
  prepare(where: Where): Promise<DaemonStart>;
  /** Lines of a script that call its tools. */
  write: (file: string, content: string) => string;
  bash: (command: string) => string;
  /** A line that asks "Which colour?" with a choice of Red and Blue, and the field of its form. */
  question?: { line: string; field: string };
  /** A value of its option for the model, and what the service is then asked for. */
  model?: { value: string; asked: RegExp };
  /** A mode in which it writes files without asking. */
  mode?: string;
  /** What a turn of one request took, of what the service counted. */
  tokens: (counted: Usage) => Partial<acp.Usage>;
  thoughts: RegExp | null;
  /** What has to be so before a conversation can be opened again, in the agent's home. */
  settled?: (home: string) => Promise<void>;
  /** What it cannot do, each with the reason. */
  cannot: { readonly [C in EditorCell]?: string };
}

type Permission = Asked<acp.RequestPermissionRequest, acp.RequestPermissionResponse>;

/** Agents start slowly, and try again before they give up. */
const patience = 60_000;
/** For what is expected to fail. */
const briefly = 15_000;

export function drives(dialect: EditorDialect): void {
  describe(`an editor with ${dialect.agent}`, () => cellsOf(dialect));
}

function cellsOf(dialect: EditorDialect): void {
  const { write, bash, cannot } = dialect;
  let world: EditorWorld;
  let editor: Editor;
  const opened: string[] = [];

  beforeAll(async () => {
    world = await EditorWorld.open(dialect.agent, (where) => dialect.prepare(where));
    editor = await world.editor();
  });

  afterAll(() => (world as EditorWorld | undefined)?.close());

  afterEach(async () => {
    for (const name of opened.splice(0)) await world.remove(name);
  });

  const cell = (name: EditorCell, run: (ms: number) => Promise<void>): void => {
    const reason = cannot[name];
    const title = editorCells[name];
    if (reason === undefined) test(title, () => run(patience), 2 * patience);
    else test.fails(`${title} (it cannot: ${reason})`, () => run(briefly), patience);
  };

  const begin = async (by = editor): Promise<{ session: string; cwd: string }> => {
    const cwd = await world.directory();
    const session = await by.session(cwd);
    opened.push(session);
    return { session, cwd };
  };

  /** A prompt whose answer may be looked at later, or never. */
  const ask = (session: string, text: string, more: object = {}): Promise<acp.PromptResponse> => {
    const prompt = [{ type: 'text' as const, text }];
    const answer = editor.request('session/prompt', { sessionId: session, prompt, ...more });
    answer.catch(() => undefined);
    return answer;
  };

  const answered = async (answer: Promise<acp.PromptResponse>): Promise<void> => {
    expect((await answer).stopReason).toBe('end_turn');
  };

  /** What comes before the prompt is answered. */
  const before = async <Found>(
    answer: Promise<unknown>,
    what: string,
    { so, ms = patience }: { so: () => Found | undefined | false; ms?: number },
  ): Promise<Found> => {
    const early = answer.then(() => {
      throw new Error(`the turn ended before: ${what}`);
    });
    early.catch(() => undefined);
    return Promise.race([editor.until(what, so, ms), early]);
  };

  const permission = (session: string, answer: Promise<unknown>): Promise<Permission> =>
    before(answer, 'a permission', {
      so: () => editor.permissions.find(({ params }) => params.sessionId === session),
    });

  const said = (session: string, text: string, ms = patience): Promise<unknown> =>
    editor.until(`it says ${text}`, () => editor.said(session) === text, ms);

  cell('stream', async (ms) => {
    const { session } = await begin();
    const answer = ask(
      session,
      script('!think let me see', '!say one ', '!hold tokens', '!say two'),
    );
    await said(session, 'one ', ms);
    world.model.release('tokens');
    await answered(answer);
    expect(editor.said(session)).toBe('one two');
    const thoughts = editor.shown(session).filter(({ role }) => role === 'thought');
    if (dialect.thoughts !== null) expect(thoughts[0]?.text).toMatch(dialect.thoughts);
    expect(editor.shown(session).filter(({ role }) => role === 'user')).toEqual([]);
  });

  cell('usage', async () => {
    const { session } = await begin();
    const from = world.model.bill.length;
    const { usage } = await ask(session, '!say what it takes');
    // Some ask the model for a title, too.
    const counted = world.model.bill.slice(from).map((billed) => dialect.tokens(billed.usage));
    const told = Object.keys(counted[0]!).map((name) => [name, usage?.[name as keyof acp.Usage]]);
    expect(counted).toContainEqual(Object.fromEntries(told));
  });

  cell('context', async () => {
    const { session } = await begin();
    await answered(ask(session, '!say so full'));
    const { used = 0, size = 0 } = editor.of(session, 'usage_update').at(-1) ?? {};
    expect(used).toBeGreaterThan(0);
    expect(size).toBeGreaterThan(used);
  });

  cell('write', async () => {
    const { session, cwd } = await begin();
    const file = path.join(cwd, 'note');
    const answer = ask(session, script(write(file, 'written\n'), '!next', '!say done'));
    const asked = await permission(session, answer);
    const { toolCall } = asked.params;
    expect(await isThere(file)).toBe(false);
    expect(toolCall.kind).toBe('edit');
    expect(JSON.stringify(toolCall)).toContain(file);
    choose(asked, 'allow_once');
    await answered(answer);
    expect((await readFile(file, 'utf8')).trim()).toBe('written');
    expect(statesOf(editor, session, toolCall.toolCallId)).toMatchObject({ last: 'completed' });
  });

  cell('command', async () => {
    const { session, cwd } = await begin();
    const command = 'touch made && echo the output';
    const answer = ask(session, script(bash(command), '!next', '!say ran'));
    const asked = await permission(session, answer);
    const { toolCall } = asked.params;
    expect(toolCall.kind).toBe('execute');
    expect(JSON.stringify(toolCall)).toContain(command);
    expect(await isThere(path.join(cwd, 'made'))).toBe(false);
    choose(asked, 'allow_once');
    await answered(answer);
    expect(await isThere(path.join(cwd, 'made'))).toBe(true);
    expect(statesOf(editor, session, toolCall.toolCallId)).toEqual({ begun: 1, last: 'completed' });
    expect(editor.said(session)).toBe('ran');
  });

  cell('output', async () => {
    const { session } = await begin();
    const answer = ask(session, script(bash('touch made && expr 40000 + 42'), '!next', '!say ran'));
    choose(await permission(session, answer), 'allow_once');
    await answered(answer);
    const states = editor.of(session, 'tool_call_update');
    expect(JSON.stringify(states.map(({ content }) => content))).toContain('40042');
  });

  cell('deny', async () => {
    const { session, cwd } = await begin();
    const answer = ask(session, script(bash('touch never'), '!next', '!say so not'));
    const asked = await permission(session, answer);
    choose(asked, 'reject_once');
    await answered(answer);
    expect(await isThere(path.join(cwd, 'never'))).toBe(false);
    const { toolCallId } = asked.params.toolCall;
    expect(statesOf(editor, session, toolCallId)).toMatchObject({ last: 'failed' });
    await answered(ask(session, '!say and again'));
  });

  /** A question of the model, as this editor or another client is to answer it. */
  const questioned = async (by: Editor): Promise<{ session: string; answer: Promise<unknown> }> => {
    const { session } = await begin(by);
    const line = dialect.question?.line ?? '!say I have none';
    const prompt = [{ type: 'text' as const, text: script(line, '!next', '!say thank you') }];
    const answer = by.request('session/prompt', { sessionId: session, prompt });
    answer.catch(() => undefined);
    return { session, answer };
  };

  /** What the model was told after it had spoken. */
  const heardBlue = (from: number): void => {
    const heard = world.model.requests.slice(from).flatMap(({ messages = [] }) => {
      const last = messages.findLastIndex(({ role }) => role === 'assistant');
      return last < 0 ? [] : [JSON.stringify(messages.slice(last + 1))];
    });
    expect(heard.join('\n')).toContain('Blue');
  };

  cell('question', async (ms) => {
    const from = world.model.requests.length;
    const { session, answer } = await questioned(editor);
    const so = () =>
      editor.questions.find((one) => (one.params as { sessionId?: string }).sessionId === session);
    const asked = await before(answer, 'a form', { so, ms });
    expect(asked.params).toMatchObject({ mode: 'form' });
    expect(JSON.stringify(asked.params)).toContain('Which colour?');
    expect(JSON.stringify(asked.params)).toContain('Blue');
    asked.answer({ action: 'accept', content: { [dialect.question!.field]: 'Blue' } });
    expect(await answer).toMatchObject({ stopReason: 'end_turn' });
    heardBlue(from);
  });

  cell('unasked', async (ms) => {
    const from = world.model.requests.length;
    const plain = await world.editor({});
    const { session, answer } = await questioned(plain);
    const open = async (): Promise<string | undefined> => {
      return (await world.log(session)).find(({ kind }) => kind === 'question')?.id;
    };
    await Promise.race([
      until('the question', async () => (await open()) !== undefined, ms),
      answer.then(() => Promise.reject(new Error('the turn ended without a question'))),
    ]);
    expect((await world.row(session)).openApprovals).toBe(1);
    const approval = (await open())!;
    const given = { [dialect.question!.field]: 'Blue' };
    await world.client.approvals.decide({ session, approval, answer: given });
    expect(await answer).toMatchObject({ stopReason: 'end_turn' });
    expect(plain.questions).toEqual([]);
    heardBlue(from);
    await plain.close();
  });

  cell('abortStream', async () => {
    const { session } = await begin();
    const answer = ask(session, script('!say it begins ', '!hold never', '!say and is not heard'));
    await said(session, 'it begins ');
    await editor.cancel(session);
    expect((await answer).stopReason).toBe('cancelled');
    await answered(ask(session, '!say well again'));
    expect(editor.said(session)).toBe('it begins \nwell again');
    expect(await launches(world, session)).toBe(1);
  });

  cell('abortCommand', async () => {
    const { session } = await begin();
    // Found by its argument, which no other process has.
    const length = `10${process.pid % 10_000}.75`;
    const running = async (): Promise<boolean> => {
      return (await commandLines()).some((line) => line === `sleep ${length}`);
    };
    const answer = ask(
      session,
      script(bash(`touch begun && sleep ${length}`), '!next', '!say slept'),
    );
    const asked = await permission(session, answer);
    choose(asked, 'allow_once');
    await until('the command runs', running, patience);
    await editor.cancel(session);
    expect((await answer).stopReason).toBe('cancelled');
    await until('the command is gone', async () => !(await running()), patience);
    const { toolCallId } = asked.params.toolCall;
    expect(statesOf(editor, session, toolCallId).last).toMatch(/^(?:failed|completed)$/);
    await answered(ask(session, '!say well again'));
  });

  cell('abortApproval', async () => {
    const { session, cwd } = await begin();
    const answer = ask(session, script(bash('touch never'), '!next', '!say done'));
    const asked = await permission(session, answer);
    await editor.cancel(session);
    expect((await answer).stopReason).toBe('cancelled');
    await editor.until('it is withdrawn', () => asked.withdrawn, patience);
    await answered(ask(session, '!say again'));
    expect(await isThere(path.join(cwd, 'never'))).toBe(false);
  });

  cell('queue', async () => {
    const { session } = await begin();
    const answers = [ask(session, script('!say first ', '!hold queue'))];
    await said(session, 'first ');
    answers.push(ask(session, '!say second'), ask(session, '!say third'));
    await until('both wait', async () => (await world.row(session)).queued === 2, patience);
    world.model.release('queue');
    const ended: number[] = [];
    for (const [at, answer] of answers.entries()) void answer.then(() => ended.push(at));
    for (const answer of answers) await answered(answer);
    expect(ended).toEqual([0, 1, 2]);
    expect(editor.said(session)).toBe('first \nsecond\nthird');
  });

  cell('steer', async () => {
    const { session } = await begin();
    const answer = ask(session, script('!say at work', bash('touch steered'), '!next', '!heard'));
    const asked = await permission(session, answer);
    const steered = ask(session, 'look left instead', delivery('steer'));
    await Promise.race([
      steered,
      until('it is on its way', async () => (await prompts(world, session)) === 2, patience),
    ]);
    choose(asked, 'allow_once');
    await Promise.all([answered(answer), answered(steered)]);
    expect(editor.said(session)).toContain('look left instead');
  });

  cell('interrupt', async () => {
    const { session } = await begin();
    const answer = ask(session, script('!say at work ', '!hold never'));
    await said(session, 'at work ');
    await answered(ask(session, '!say instead', delivery('interrupt')));
    expect((await answer).stopReason).toBe('cancelled');
    expect(editor.said(session)).toBe('at work \ninstead');
  });

  const failures = [
    ['refused', 401, 'auth', -32_000],
    ['wrong', 400, 'request', -32_603],
  ] as const;
  for (const [name, status, category, code] of failures) {
    cell(name, async (ms) => {
      const { session } = await begin();
      const failed = ask(session, `!fail ${status}`).then(
        (answer) => ({ answer }),
        (error: unknown) => ({ error }),
      );
      const late = AbortSignal.timeout(ms);
      const tooLate = new Promise<never>((_, reject) => {
        late.addEventListener('abort', () => reject(new Error('no answer in time')));
      });
      const { error } = (await Promise.race([failed, tooLate])) as { error?: unknown };
      expect(error).toMatchObject({ code, data: { category } });
      // Who is not logged in may be told so in the agent's own words.
      if (category !== 'auth') expect(String(error)).toContain('scripted');
      await answered(ask(session, '!say well again'));
    });
  }

  cell('model', async () => {
    const { session } = await begin();
    const { value = 'none', asked = /^$/ } = dialect.model ?? {};
    await editor.request('session/set_config_option', {
      sessionId: session,
      configId: 'model',
      value,
    });
    await answered(ask(session, '!say so I am'));
    expect(world.model.requests.at(-1)?.model).toMatch(asked);
  });

  cell('mode', async () => {
    const { session, cwd } = await begin();
    const file = path.join(cwd, 'unasked');
    await editor.request('session/set_mode', { sessionId: session, modeId: dialect.mode ?? '' });
    const answer = ask(session, script(write(file, 'x\n'), '!next', '!say done'));
    const first = await Promise.race([answer, permission(session, answer)]);
    expect(first).toMatchObject({ stopReason: 'end_turn' });
    expect(await isThere(file)).toBe(true);
  });

  cell('resume', async () => {
    const { session } = await begin();
    await answered(ask(session, '!say something to remember'));
    const { nativeId } = await world.row(session);
    await world.stop();
    await dialect.settled?.(world.home);
    await world.start();
    const later = await world.editor();
    await later.load(session);
    expect(later.shown(session)).toMatchObject([
      { role: 'user', text: '!say something to remember' },
      { role: 'agent', text: 'something to remember' },
    ]);
    await answered(later.prompt(session, '!recall'));
    const recalled = 'remembered: !say something to remember';
    expect(later.said(session)).toBe(`something to remember\n${recalled}`);
    expect((await world.row(session)).nativeId).toBe(nativeId);
    // The editor that was there before has gone on by itself.
    await said(session, `something to remember\n${recalled}`);
    await later.close();
  });

  cell('killDaemon', async () => {
    const { session } = await begin();
    const answer = ask(session, script('!say before the kill ', '!hold kill', '!say and after it'));
    await said(session, 'before the kill ');
    await world.kill();
    world.model.release('kill');
    await world.start();
    await answered(answer);
    expect(editor.said(session)).toBe('before the kill and after it');
    await answered(ask(session, '!say next'));
    expect(await launches(world, session)).toBe(1);
  });

  cell('killBoth', async () => {
    const first = await world.editor();
    const { session } = await begin(first);
    const text = script('!say before the kill ', '!hold both', '!say and after it');
    first.prompt(session, text).catch(() => undefined);
    await first.until('it speaks', () => first.said(session) === 'before the kill ', patience);
    await Promise.all([first.kill(), world.kill()]);
    await world.start();
    const second = await world.editor();
    await second.load(session);
    await second.until('so far', () => second.said(session) === 'before the kill ', patience);
    world.model.release('both');
    const whole = 'before the kill and after it';
    await second.until('all of it', () => second.said(session) === whole, patience);
    await answered(second.prompt(session, '!say next'));
    expect(second.shown(session).map(({ role, text: shown }) => [role, shown])).toEqual([
      ['user', text],
      ['agent', whole],
      ['agent', 'next'],
    ]);
    await second.close();
  });

  cell('killApproval', async () => {
    const { session, cwd } = await begin();
    const lines = ['!say may I', bash('touch allowed'), '!next', '!say thank you'];
    const answer = ask(session, script(...lines));
    const asked = await permission(session, answer);
    await world.kill();
    choose(asked, 'allow_once');
    expect(await isThere(path.join(cwd, 'allowed'))).toBe(false);
    await world.start();
    await answered(answer);
    expect(await isThere(path.join(cwd, 'allowed'))).toBe(true);
    expect(editor.said(session)).toBe('may I\nthank you');
  });
}

function delivery(how: 'steer' | 'interrupt'): object {
  return { _meta: { turnkeep: { delivery: how } } };
}

function choose(asked: Permission, kind: acp.PermissionOptionKind): void {
  const { params } = asked;
  const option = params.options.find((one) => one.kind === kind);
  if (option === undefined) throw new Error(`no ${kind} among ${JSON.stringify(params.options)}`);
  asked.answer({ outcome: { outcome: 'selected', optionId: option.optionId } });
}

/** How often the editor was told that the call begins, and its last status. */
function statesOf(editor: Editor, session: string, id: string): { begun: number; last: unknown } {
  const begun = editor.of(session, 'tool_call').filter(({ toolCallId }) => toolCallId === id);
  const later = editor
    .of(session, 'tool_call_update')
    .filter(({ toolCallId, status }) => toolCallId === id && typeof status === 'string');
  return { begun: begun.length, last: (later.at(-1) ?? begun.at(-1))?.status };
}

async function launches(world: EditorWorld, session: string): Promise<number> {
  const log = await world.log(session);
  return log.filter((entry) => entry.kind === 'host' && entry.data.state === 'launched').length;
}

async function prompts(world: EditorWorld, session: string): Promise<number> {
  return (await world.log(session)).filter(({ kind }) => kind === 'prompt').length;
}

async function isThere(file: string): Promise<boolean> {
  return readFile(file).then(
    () => true,
    () => false,
  );
}

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''));
  return (await Promise.all(lines)).map((line) => line.split('\0').join(' ').trim());
}
