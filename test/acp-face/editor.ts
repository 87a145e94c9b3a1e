import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { client, methods, ndJsonStream } from '@agentclientprotocol/sdk/unstable';
import type * as acp from '@agentclientprotocol/sdk/unstable';
import { createWebSocketStream } from '@agentclientprotocol/sdk/experimental/ws-client';
import { WebSocket } from 'ws';
import { type Daemon, script } from './daemon.ts';

export type Way = 'stdio' | 'socket';
export const ways: readonly Way[] = ['stdio', 'socket'];

/** A permission request or an elicitation that the editor was asked. */
export interface Asked<Params, Response> {
  params: Params;
  /** Answers it; the later answer does nothing. */
  answer(response: Response): void;
  withdrawn: boolean;
}

export interface EditorOptions {
  words?: readonly string[];
  token?: string;
  capabilities?: acp.ClientCapabilities;
}

/** The other end of an editor's connection, as far as a test has it in its hands. */
interface Side {
  end(): Promise<void>;
  kill(): Promise<void>;
  stall(stalled: boolean): void;
}

interface Shown {
  role: 'user' | 'agent' | 'thought';
  id: string;
  text: string;
}

/** An editor as the official SDK makes one, over stdio or a WebSocket. */
export class Editor {
  readonly updates: acp.SessionNotification[] = [];
  readonly permissions: Asked<acp.RequestPermissionRequest, acp.RequestPermissionResponse>[] = [];
  readonly questions: Asked<acp.CreateElicitationRequest, acp.CreateElicitationResponse>[] = [];
  readonly connection: acp.ClientConnection;
  initialized!: acp.InitializeResponse;
  readonly #side: Side;
  readonly #waiting = new Set<() => void>();

  private constructor(stream: acp.Stream, side: Side) {
    this.#side = side;
    this.connection = client({ name: 'editor' })
      .onNotification(methods.client.session.update, ({ params }) => {
        this.updates.push(params);
        this.#changed();
      })
      .onRequest(methods.client.session.requestPermission, ({ params, signal }) =>
        this.#ask(this.permissions, params, {
          signal,
          none: { outcome: { outcome: 'cancelled' } },
        }),
      )
      .onRequest(methods.client.elicitation.create, ({ params, signal }) =>
        this.#ask(this.questions, params, { signal, none: { action: 'cancel' } }),
      )
      .connect(stream);
  }

  static async open(daemon: Daemon, way: Way, options: EditorOptions = {}): Promise<Editor> {
    const editor = way === 'stdio' ? overStdio(daemon, options) : overSocket(daemon, options);
    return Editor.#initialized(editor, options);
  }

  static async #initialized(editor: Editor, options: EditorOptions): Promise<Editor> {
    editor.initialized = await editor.request(methods.agent.initialize, {
      protocolVersion: 1,
      clientInfo: { name: 'ed', version: '1' },
      clientCapabilities: options.capabilities ?? {
        elicitation: { form: {}, url: {} },
        session: { notices: {}, compaction: {} },
      },
    });
    return editor;
  }

  /** An editor with a `turnkeep acp` of its own. */
  static async spawned(home: AcpHome, options: EditorOptions = {}): Promise<Editor> {
    return Editor.#initialized(overStdio(home, options), options);
  }

  static over(stream: acp.Stream, side: Side): Editor {
    return new Editor(stream, side);
  }

  /** Takes nothing more from the other side, or again. */
  stall(stalled: boolean): void {
    this.#side.stall(stalled);
  }

  request<Method extends acp.AgentRequestMethod>(
    method: Method,
    params: acp.AgentRequestParamsByMethod[Method],
    options?: acp.SendRequestOptions,
  ): Promise<acp.AgentRequestResponsesByMethod[Method]> {
    return this.connection.agent.request(method, params, options);
  }

  async session(cwd: string, more: Partial<acp.NewSessionRequest> = {}): Promise<string> {
    const made = await this.request('session/new', { cwd, mcpServers: [], ...more });
    return made.sessionId;
  }

  prompt(sessionId: string, text: string): Promise<acp.PromptResponse> {
    return this.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] });
  }

  load(sessionId: string): Promise<acp.LoadSessionResponse> {
    return this.request('session/load', { sessionId, cwd: '/', mcpServers: [] });
  }

  cancel(sessionId: string): Promise<void> {
    return this.connection.agent.notify('session/cancel', { sessionId });
  }

  /** Updates of one session from a place on, of one kind. */
  of<Kind extends acp.SessionUpdate['sessionUpdate']>(
    session: string,
    kind: Kind,
  ): Extract<acp.SessionUpdate, { sessionUpdate: Kind }>[] {
    return this.updates
      .filter(({ sessionId, update }) => sessionId === session && update.sessionUpdate === kind)
      .map(({ update }) => update as Extract<acp.SessionUpdate, { sessionUpdate: Kind }>);
  }

  /** The conversation as chunks make it: those of one message are one text. */
  shown(session: string, from = 0): Shown[] {
    const shown: Shown[] = [];
    for (const { sessionId, update } of this.updates.slice(from)) {
      const role = roles[update.sessionUpdate];
      if (sessionId !== session || role === undefined) continue;
      const { content, messageId } = update as acp.ContentChunk;
      const text = content.type === 'text' ? content.text : `(${content.type})`;
      const known = shown.find((one) => one.id === messageId && one.role === role);
      if (known === undefined) shown.push({ role, id: messageId ?? '', text });
      else known.text += text;
    }
    return shown;
  }

  /** All that the agent said, in one text. */
  said(session: string, from = 0): string {
    return this.shown(session, from)
      .filter(({ role }) => role === 'agent')
      .map(({ text }) => text)
      .join('\n');
  }

  /** Waits until something is so, looking again whenever something comes. */
  async until<Result>(what: string, so: () => Result | undefined | false, ms = 15_000) {
    const deadline = performance.now() + ms;
    for (;;) {
      const found = so();
      if (found !== undefined && found !== false) return found as Result;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`not so in time: ${what}; ${JSON.stringify(this.updates)}`);
      await this.#change(left);
    }
  }

  /** Ends the editor's side. */
  async close(): Promise<void> {
    await this.#side.end();
    await this.connection.closed;
  }

  /** The program between the editor and the daemon is gone between two instructions. */
  async kill(): Promise<void> {
    await this.#side.kill();
    await this.connection.closed;
  }

  #ask<Params, Response>(
    list: Asked<Params, Response>[],
    params: Params,
    { signal, none }: { signal: AbortSignal; none: Response },
  ): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const asked = { params, answer: resolve, withdrawn: false };
    signal.addEventListener('abort', () => {
      asked.withdrawn = true;
      resolve(none);
      this.#changed();
    });
    list.push(asked);
    this.#changed();
    return promise;
  }

  #changed(): void {
    for (const wake of this.#waiting) wake();
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

const roles: { readonly [kind: string]: Shown['role'] } = {
  user_message_chunk: 'user',
  agent_message_chunk: 'agent',
  agent_thought_chunk: 'thought',
};

/** Where an editor's `turnkeep acp` finds its daemon. */
export type AcpHome = Pick<Daemon, 'state' | 'home' | 'env'>;

/** `turnkeep acp` as an editor starts it. */
export function startAcp(daemon: AcpHome, words: readonly string[] = []): ChildProcess {
  return spawn(process.execPath, [script, 'acp', '--state', daemon.state, ...words], {
    env: daemon.env(),
    cwd: daemon.home,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

function overStdio(daemon: AcpHome, { words }: EditorOptions): Editor {
  const child = startAcp(daemon, words);
  const gone = once(child, 'exit');
  // Between the program and us, so that it can be held up.
  const through = new PassThrough();
  child.stdout!.pipe(through);
  const input = Readable.toWeb(through) as unknown as ReadableStream<Uint8Array>;
  const output = Writable.toWeb(child.stdin!) as WritableStream<Uint8Array>;
  return Editor.over(ndJsonStream(output, input), {
    end: async () => {
      child.stdin!.end();
      await gone;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
    stall: (stalled) => {
      if (stalled) child.stdout!.unpipe(through).pause();
      else child.stdout!.pipe(through);
    },
  });
}

function overSocket(daemon: Daemon, { token = daemon.token }: EditorOptions): Editor {
  const opened: WebSocket[] = [];
  class Kept extends WebSocket {
    constructor(...given: ConstructorParameters<typeof WebSocket>) {
      super(...given);
      opened.push(this);
    }
  }
  const stream = createWebSocketStream(`${daemon.url.replace('http', 'ws')}/acp`, {
    WebSocket: Kept as never,
    headers: { authorization: `Bearer ${token}` },
  }) as acp.Stream;
  const end = async (): Promise<void> => {
    for (const socket of opened) socket.terminate();
  };
  return Editor.over(stream, {
    end,
    kill: end,
    stall: (stalled) => {
      for (const socket of opened) {
        if (stalled) socket.pause();
        else socket.resume();
      }
    },
  });
}
