import { agent, methods, PROTOCOL_VERSION, RequestError } from '@agentclientprotocol/sdk/unstable';
import type * as acp from '@agentclientprotocol/sdk/unstable';
import type { Client } from '../client/client.ts';
import type { Pace } from '../client/pace.ts';
import type { SessionRow } from '../domain/row.ts';
import { offersOf, patchOf } from './choices.ts';
import { Following } from './following.ts';
import { patience, type Patiently } from './patience.ts';
import { Prompts } from './prompts.ts';
import { answering, requestError } from './refusals.ts';
import { type Given, listPage, wantedOf } from './sessions.ts';
import { guarded } from './wire.ts';

export interface EditorOptions {
  /** A client of the daemon that names itself so; made once, closed with the connection. */
  client(name: string): Promise<Client>;
  /** Agent of new sessions that name none; without it the daemon's own default. */
  agent?: string;
  /** Id of the session that `session/new` opens instead of making one. */
  session?: string;
  version: string;
  pace: Pace;
}

/** A connection to an editor. */
export interface EditorConnection {
  /** Resolves when it has ended and everything of it is let go of. */
  readonly closed: Promise<void>;
  close(): void;
}

/**
 * Serves one editor that speaks the Agent Client Protocol v1 over a stream of messages: sessions of the
 * daemon are sessions of the protocol, with the same ids. Nothing here is the only copy of anything: what is
 * told comes from the log, and what is asked is done by the operations of every other client.
 */
export function serveEditor(stream: acp.Stream, options: EditorOptions): EditorConnection {
  const editor = new Editor(options);
  const connection = editor.app().connect(guarded(stream));
  return {
    closed: connection.closed.then(() => editor.gone()),
    close: () => connection.close(),
  };
}

/** One session that the editor has open. */
interface Seat {
  following: Following;
  prompts: Prompts;
}

class Editor {
  readonly #options: EditorOptions;
  readonly #closed = new AbortController();
  readonly #patiently: Patiently;
  readonly #seats = new Map<string, Seat>();
  #client: Client | null = null;
  #capabilities: acp.ClientCapabilities = {};

  constructor(options: EditorOptions) {
    this.#options = options;
    this.#patiently = patience(options.pace, this.#closed.signal);
  }

  app(): acp.AgentApp {
    const { session } = methods.agent;
    return agent({ name: 'turnkeep' })
      .onRequest('initialize', ({ params }) => answering(() => this.#initialize(params)))
      .onRequest('authenticate', () => ({}))
      .onRequest(session.new, ({ params, client }) => answering(() => this.#new(params, client)))
      .onRequest(session.load, ({ params, client }) =>
        answering(() => this.#load(params.sessionId, client)),
      )
      .onRequest(session.resume, ({ params, client }) =>
        answering(() => this.#resume(params.sessionId, client)),
      )
      .onRequest(session.fork, ({ params, client }) => answering(() => this.#fork(params, client)))
      .onRequest(session.list, ({ params }) => answering(() => listPage(this.#daemon(), params)))
      .onRequest(session.close, ({ params }) => answering(() => this.#close(params.sessionId)))
      .onRequest(session.delete, ({ params }) => answering(() => this.#delete(params.sessionId)))
      .onRequest(session.setMode, ({ params: { sessionId, modeId } }) =>
        answering(() => this.#choose(sessionId, 'mode', modeId).then(() => ({}))),
      )
      .onRequest(session.setConfigOption, ({ params: { sessionId, configId, value } }) =>
        answering(() => this.#choose(sessionId, configId, value)),
      )
      .onRequest(session.prompt, ({ params, signal }) =>
        answering(() => this.#prompt(params, signal)),
      )
      .onNotification(session.cancel, cancelled, ({ params }) => this.#cancel(params));
  }

  /** The connection is gone: nothing of it is left, and no run hears of it. */
  gone(): void {
    this.#closed.abort();
    for (const { following } of this.#seats.values()) following.leave();
    this.#seats.clear();
    this.#client?.close();
  }

  async #initialize(params: acp.InitializeRequest): Promise<acp.InitializeResponse> {
    if (this.#client !== null) throw new RequestError(-32_600, 'The connection is initialized.');
    const name = params.clientInfo?.name.replace(/[^\x20-\x7e]/g, '').slice(0, 90) ?? '';
    this.#client = await this.#options.client(name.trim() === '' ? 'acp' : `acp ${name}`);
    this.#capabilities = params.clientCapabilities ?? {};
    return {
      protocolVersion: PROTOCOL_VERSION,
      agentInfo: { name: 'turnkeep', title: 'Turnkeep', version: this.#options.version },
      agentCapabilities: {
        loadSession: true,
        promptCapabilities: { image: true, audio: true, embeddedContext: true },
        mcpCapabilities: { http: true, sse: true },
        sessionCapabilities: {
          list: {},
          delete: {},
          resume: {},
          close: {},
          fork: {},
          additionalDirectories: {},
        },
      },
      authMethods: [],
    };
  }

  #daemon(): Client {
    if (this.#client === null) throw new RequestError(-32_600, 'Begin with initialize.');
    return this.#client;
  }

  async #new(params: Given, editor: acp.AgentContext): Promise<acp.NewSessionResponse> {
    const { session: named, agent: given } = this.#options;
    const { sessions } = this.#daemon();
    if (named !== undefined) {
      const { session } = await sessions.get({ session: named });
      const seat = await this.#sit(session, editor);
      // The editor learns the id with the answer, and only then the history.
      this.#afterAnswer(async () => {
        await this.#replay(seat);
        await seat.following.follow();
      });
      return { sessionId: session.id, ...seat.following.choices() };
    }
    const { session } = await sessions.create(wantedOf(params, given));
    const seat = await this.#sit(session, editor);
    await seat.following.join();
    this.#afterAnswer(() => seat.following.follow());
    return { sessionId: session.id, ...seat.following.choices() };
  }

  async #load(id: string, editor: acp.AgentContext): Promise<acp.LoadSessionResponse> {
    const seat = await this.#sit(await this.#row(id), editor);
    await seat.following.replay();
    this.#afterAnswer(() => seat.following.follow());
    return seat.following.choices();
  }

  async #resume(id: string, editor: acp.AgentContext): Promise<acp.ResumeSessionResponse> {
    const seat = await this.#sit(await this.#row(id), editor);
    await seat.following.join();
    this.#afterAnswer(() => seat.following.follow());
    return seat.following.choices();
  }

  async #fork(
    params: acp.ForkSessionRequest,
    editor: acp.AgentContext,
  ): Promise<acp.ForkSessionResponse> {
    const { sessionId } = params;
    const { agent: _, ...wanted } = wantedOf(params, undefined);
    const { session } = await this.#daemon().sessions.fork({ session: sessionId, ...wanted });
    const seat = await this.#sit(session, editor);
    await seat.following.join();
    this.#afterAnswer(() => seat.following.follow());
    return { sessionId: session.id, ...seat.following.choices() };
  }

  /** History that cannot be read to its end is an end of the session here, and says so to whoever waits. */
  async #replay({ following, prompts }: Seat): Promise<void> {
    try {
      await this.#patiently(() => following.replay());
    } catch {
      prompts.end(requestError({ code: 'unavailable', message: 'The history cannot be read.' }));
      following.leave();
    }
  }

  async #row(id: string): Promise<SessionRow> {
    return (await this.#daemon().sessions.get({ session: id })).session;
  }

  /** Takes a seat in a session; prompts that are open stay those of this editor. */
  async #sit(row: SessionRow, editor: acp.AgentContext): Promise<Seat> {
    const client = this.#daemon();
    const offers = await offersOf(client, row.agent);
    const before = this.#seats.get(row.id);
    before?.following.leave();
    const prompts = before?.prompts ?? new Prompts(client, row.id, this.#patiently);
    const { pace } = this.#options;
    const following = new Following(row, {
      client,
      editor,
      capabilities: this.#capabilities,
      prompts,
      pace,
      patiently: this.#patiently,
      offers,
    });
    const seat = { following, prompts };
    if (this.#closed.signal.aborted) following.leave();
    this.#seats.set(row.id, seat);
    return seat;
  }

  /** An answer is written before the next turn of the event loop, and with it the id that updates name. */
  #afterAnswer(work: () => Promise<void>): void {
    this.#options.pace.after(0, () => void work());
  }

  #seat(session: string): Seat {
    this.#daemon();
    const seat = this.#seats.get(session);
    if (seat === undefined) throw RequestError.sessionNotFound(session);
    return seat;
  }

  async #prompt(params: acp.PromptRequest, signal: AbortSignal): Promise<acp.PromptResponse> {
    const { prompts } = this.#seat(params.sessionId);
    const answer = prompts.send(params.prompt, params._meta);
    // Also fired when the connection ends, which ends no run.
    signal.addEventListener('abort', () => {
      if (!this.#closed.signal.aborted && signal.reason instanceof RequestError) {
        void this.#cancel(params.sessionId);
      }
    });
    return answer;
  }

  async #cancel(session: string): Promise<void> {
    const seat = this.#seats.get(session);
    if (seat === undefined) return;
    try {
      await seat.prompts.cancel();
    } catch (error) {
      await seat.following.trouble(`It could not be stopped: ${String(error)}`);
    }
  }

  async #choose(
    session: string,
    option: string,
    value: unknown,
  ): Promise<acp.SetSessionConfigOptionResponse> {
    const { following } = this.#seat(session);
    const patched = await this.#daemon().sessions.patch({ session, ...patchOf(option, value) });
    const { mode, model, effort, modelInForce } = patched.session;
    following.row = { ...following.row, mode, model, effort, modelInForce };
    return { configOptions: following.choices().configOptions };
  }

  /** The editor lets go of it; what it does, it goes on doing. */
  async #close(session: string): Promise<acp.CloseSessionResponse> {
    const { following, prompts } = this.#seat(session);
    following.leave();
    this.#seats.delete(session);
    prompts.end(
      RequestError.requestCancelled({ sessionId: session }, 'the session was closed here'),
    );
    return {};
  }

  async #delete(session: string): Promise<acp.DeleteSessionResponse> {
    await this.#daemon().sessions.delete({ session });
    return {};
  }
}

/** Of a notification nobody hears that it was wrong. */
function cancelled(params: unknown): string {
  const { sessionId } = (params ?? {}) as { sessionId?: unknown };
  return typeof sessionId === 'string' ? sessionId : '';
}
