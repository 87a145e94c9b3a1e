import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { WebSocket } from 'ws';
import { Place, textOf } from './place.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

interface Message {
  id?: number;
  method?: string;
  params?: {
    sessionId?: string;
    update?: { sessionUpdate: string; messageId?: string; content?: { text?: string } };
    options?: { optionId: string }[];
  };
  result?: { sessionId: string; stopReason: string; sessions: { sessionId: string }[] };
  error?: { code: number; message: string; data?: { code?: string } };
}

/** An editor that knows the protocol from its documentation: one JSON message a line or frame. */
class Editor {
  readonly told: Message[] = [];
  readonly #send: (text: string) => void;
  readonly #end: () => Promise<void>;
  readonly #waiting = new Set<() => void>();
  #next = 1;

  private constructor(send: (text: string) => void, end: () => Promise<void>) {
    this.#send = send;
    this.#end = end;
  }

  static async open(way: 'stdio' | 'socket'): Promise<Editor> {
    const editor = way === 'stdio' ? Editor.#program() : await Editor.#socket();
    await editor.ask('initialize', { protocolVersion: 1, clientCapabilities: {} });
    return editor;
  }

  static #program(): Editor {
    const words = [inject('turnkeep'), 'acp', '--state', place.state];
    const child: ChildProcess = spawn(process.execPath, words, {
      cwd: place.home,
      env: { PATH: process.env['PATH'], HOME: place.home },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const gone = once(child, 'exit');
    const send = (text: string): void => void child.stdin!.write(`${text}\n`);
    const editor = new Editor(send, async () => {
      child.stdin!.end();
      expect(await gone).toEqual([0, null]);
    });
    // By newlines alone: a text may have other characters that end lines.
    let rest = '';
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) editor.#take(line);
    });
    return editor;
  }

  static async #socket(): Promise<Editor> {
    const headers = { authorization: `Bearer ${place.daemon.token}` };
    const socket = new WebSocket(`${place.daemon.url.replace('http', 'ws')}/acp`, { headers });
    const gone = once(socket, 'close');
    const send = (text: string): void => socket.send(text);
    const editor = new Editor(send, async () => {
      socket.close();
      await gone;
    });
    socket.on('message', (data: Buffer) => editor.#take(data.toString()));
    await once(socket, 'open');
    return editor;
  }

  end(): Promise<void> {
    return this.#end();
  }

  #take(text: string): void {
    this.told.push(JSON.parse(text) as Message);
    for (const wake of this.#waiting) wake();
  }

  begin(method: string, params: object): number {
    const id = this.#next++;
    this.#send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return id;
  }

  ask(method: string, params: object): Promise<Message> {
    return this.answer(this.begin(method, params));
  }

  answer(id: number): Promise<Message> {
    return this.until((told) => told.id === id && told.method === undefined);
  }

  reply(id: number, result: object): void {
    this.#send(JSON.stringify({ jsonrpc: '2.0', id, result }));
  }

  notify(method: string, params: object): void {
    this.#send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  async session(): Promise<string> {
    const { result } = await this.ask('session/new', { cwd: place.cwd, mcpServers: [] });
    return result!.sessionId;
  }

  prompt(sessionId: string, text: string): number {
    return this.begin('session/prompt', { sessionId, prompt: [{ type: 'text', text }] });
  }

  /** All that the agent said in a session, message by message. */
  said(session: string): string[] {
    const texts = new Map<string, string>();
    for (const { params } of this.told) {
      const { update } = params ?? {};
      if (params?.sessionId !== session || update?.sessionUpdate !== 'agent_message_chunk')
        continue;
      const id = update.messageId ?? '';
      texts.set(id, (texts.get(id) ?? '') + (update.content?.text ?? ''));
    }
    return [...texts.values()];
  }

  async until(so: (told: Message) => boolean, ms = 30_000): Promise<Message> {
    const deadline = performance.now() + ms;
    for (;;) {
      const found = this.told.find(so);
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`nothing such was told: ${JSON.stringify(this.told)}`);
      await this.#change(left);
    }
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
    });
  }
}

/** What the agent said, by the log. */
async function logged(session: string): Promise<string[]> {
  const log = await place.log(session);
  return log.filter(({ kind }) => kind === 'message').map(textOf);
}

describe.for(['stdio', 'socket'] as const)('an editor over %s', (way) => {
  test('P1 V2: works with a session that others see, and others with one that it sees', async () => {
    const editor = await Editor.open(way);
    const session = await editor.session();
    const follower = await place.follow(session);
    const { result } = await editor.answer(editor.prompt(session, '[[say from the editor]]'));
    expect(result?.stopReason).toBe('end_turn');
    expect(editor.said(session)).toEqual(['from the editor']);
    await place.run(session, '[[say from a client]]');
    await editor.until(() => editor.said(session)[1] === 'from a client');
    expect(editor.said(session)).toEqual(await logged(session));
    await follower.until('the end', ({ kind, data }) => {
      return kind === 'run_ended' && JSON.stringify(data).includes('from a client');
    });
    const list = await editor.ask('session/list', { cwd: place.cwd });
    expect(list.result?.sessions.map(({ sessionId }) => sessionId)).toContain(session);
    await editor.end();
  });

  test('S5: what cannot be done is refused with the code of every other face', async () => {
    const editor = await Editor.open(way);
    const { error } = await editor.ask('session/new', { cwd: '/not/there', mcpServers: [] });
    expect(error).toMatchObject({ code: -32_602, data: { code: 'invalid' } });
    const unknown = { sessionId: 'nothing', cwd: '/', mcpServers: [] };
    expect((await editor.ask('session/load', unknown)).error).toMatchObject({ code: -32_002 });
    expect((await editor.ask('session/explode', {})).error?.code).toBe(-32_601);
    await editor.end();
  });

  test('A1 V2: of editors that are asked at once the first decides', async () => {
    const editors = await Promise.all([Editor.open(way), Editor.open(way), Editor.open(way)]);
    const session = await editors[0]!.session();
    for (const other of editors.slice(1)) {
      await other.ask('session/resume', { sessionId: session, cwd: place.cwd });
    }
    const prompt = editors[0]!.prompt(session, '[[ask run echo hi]] [[say done]]');
    const asked = await Promise.all(
      editors.map((editor) =>
        editor.until(({ method }) => method === 'session/request_permission'),
      ),
    );
    for (const [at, { id }] of asked.entries()) {
      const optionId = at === 0 ? 'allow_once' : 'reject_once';
      editors[at]!.reply(id!, { outcome: { outcome: 'selected', optionId } });
    }
    expect((await editors[0]!.answer(prompt)).result?.stopReason).toBe('end_turn');
    const decisions = (await place.log(session)).filter(({ kind }) => kind === 'decision');
    expect(decisions).toHaveLength(1);
    await Promise.all(editors.map((editor) => editor.end()));
  });

  test('R4 P3: a cancel ends the run and what waits behind it', async () => {
    const editor = await Editor.open(way);
    const session = await editor.session();
    const prompts = [
      editor.prompt(session, '[[say begun]] [[hang]]'),
      editor.prompt(session, '[[say never]]'),
    ];
    await editor.until(() => editor.said(session)[0] === 'begun');
    editor.notify('session/cancel', { sessionId: session });
    for (const id of prompts) {
      expect((await editor.answer(id)).result?.stopReason).toBe('cancelled');
    }
    expect(await logged(session)).toEqual(['begun']);
    await editor.end();
  });
});

test('R7 V1: killed under its editors, one over stdio goes on, one over a WebSocket loads again', async () => {
  const [stdio, socket] = [await Editor.open('stdio'), await Editor.open('socket')];
  const session = await stdio.session();
  await socket.ask('session/load', { sessionId: session, cwd: place.cwd, mcpServers: [] });
  const prompt = stdio.prompt(session, '[[pace 10]] [[chunk 20]] [[long 3000]] [[say the end]]');
  await stdio.until(() => (stdio.said(session)[0]?.length ?? 0) > 300);
  await place.restart();
  const again = await Editor.open('socket');
  await again.ask('session/load', { sessionId: session, cwd: place.cwd, mcpServers: [] });
  expect((await stdio.answer(prompt)).result?.stopReason).toBe('end_turn');
  const wanted = await logged(session);
  expect(wanted).toHaveLength(2);
  expect(stdio.said(session)).toEqual(wanted);
  await again.until(() => again.said(session).join() === wanted.join());
  await Promise.all([stdio.end(), again.end()]);
});
