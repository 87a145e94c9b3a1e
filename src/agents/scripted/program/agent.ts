// The methods of the Agent Client Protocol, version 1.
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { RunningCommands } from './command.ts';
import { asObject, asText, replied, RpcError } from './connection.ts';
import type { Connection, Listener, Params, Reply } from './connection.ts';
import type { Memory } from './memory.ts';
import type { Misconduct } from './misconduct.ts';
import type { Output } from './output.ts';
import { friendlyAnswer, play } from './play.ts';
import type { Stage, StopReason } from './play.ts';
import type { Shows } from './question.ts';
import { readScript } from './script.ts';
import { type Opening, Session } from './session.ts';
import type { Switches } from './switches.ts';
import { Turn } from './turn.ts';

const version = '1.0.0';

/** Any text without a directive is answered with what it knows, also this. */
const availableCommands = [
  { name: 'help', description: 'Tell which directives there are', input: { hint: 'anything' } },
];

/** A block that tells what came before, as a fork begins with: its directives were followed then. */
const record = /^You continue a conversation [^]*The new prompt:$/;

export interface AgentParts {
  readonly switches: Switches;
  readonly connection: Connection;
  readonly output: Output;
  readonly memory: Memory;
  readonly commands: RunningCommands;
  readonly misconduct: Misconduct;
  readonly exit: (code: number) => Promise<never>;
}

type Method = (params: Params, reply: Reply) => Promise<unknown>;

export class Agent implements Listener {
  readonly #parts: AgentParts;
  readonly #sessions = new Map<string, Session>();
  #firstId: string | undefined;
  #shows: Shows = { forms: false, pages: false };

  readonly #methods: Readonly<Record<string, Method>> = {
    initialize: (params, reply) => this.#initialize(params, reply),
    'session/new': (params) => this.#create(params),
    'session/load': (params) => this.#open(params, true),
    'session/resume': (params) => this.#open(params, false),
    'session/close': (params) => this.#close(params),
    'session/prompt': (params, reply) => this.#prompt(params, reply),
    'session/set_mode': async (params) => {
      this.#find(params).setMode(params['modeId']);
      return {};
    },
    'session/set_config_option': async (params) => {
      const session = this.#find(params);
      session.setOption(params['configId'], params['value']);
      return { configOptions: session.options() };
    },
  };

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#firstId = parts.switches.sessionId;
  }

  async request(method: string, params: Params, reply: Reply): Promise<unknown> {
    const known = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined;
    if (known === undefined) {
      throw new RpcError(-32601, `Method not found: ${method}`, { method });
    }
    return known(params, reply);
  }

  notification(method: string, params: Params): void {
    if (method !== 'session/cancel' || this.#parts.misconduct.ignoresCancel) return;
    this.#sessions.get(String(params['sessionId']))?.cancel();
  }

  async #initialize(params: Params, reply: Reply): Promise<unknown> {
    const { elicitation } = asObject(params['clientCapabilities']);
    const { form = null, url = null } = asObject(elicitation);
    this.#shows = { forms: form !== null, pages: url !== null };
    await reply({
      protocolVersion: 1,
      agentCapabilities: {
        loadSession: true,
        promptCapabilities: { image: true, audio: false, embeddedContext: true },
        mcpCapabilities: { http: false, sse: false },
        sessionCapabilities: { resume: {}, close: {}, additionalDirectories: {} },
      },
      agentInfo: { name: 'scripted', title: 'Scripted', version },
      authMethods: [],
    });
    const { misconduct, switches } = this.#parts;
    if (switches.misbehave.includes('never-reads')) misconduct.stopReading();
    return replied;
  }

  async #create(params: Params): Promise<unknown> {
    const cwd = readCwd(params);
    const id = this.#firstId ?? randomUUID();
    this.#firstId = undefined;
    const { memory } = this.#parts;
    const session = new Session({ id, cwd, memory });
    session.opening = readOpening(params);
    session.remember({ type: 'session', cwd });
    this.#sessions.set(id, session);
    // Before the answer, so that who has it knows them.
    const update = { sessionUpdate: 'available_commands_update', availableCommands };
    await this.#parts.connection.notify('session/update', { sessionId: id, update });
    return { sessionId: id, ...session.describe() };
  }

  /** Load tells the whole conversation before it answers; resume only opens it. */
  async #open(params: Params, replay: boolean): Promise<unknown> {
    const id = String(params['sessionId']);
    const cwd = readCwd(params);
    const { memory, connection } = this.#parts;
    const records = memory.read(id);
    if (records === undefined) throw notFound(id);
    const session = this.#sessions.get(id) ?? new Session({ id, cwd, memory });
    session.opening = readOpening(params);
    this.#sessions.set(id, session);
    for (const record of replay ? records : []) {
      if (record.type !== 'update') continue;
      await connection.notify('session/update', { sessionId: id, update: record.update });
    }
    return session.describe();
  }

  async #close(params: Params): Promise<unknown> {
    const session = this.#find(params);
    session.cancel();
    await session.quiet();
    this.#sessions.delete(session.id);
    return {};
  }

  async #prompt(params: Params, reply: Reply): Promise<unknown> {
    const session = this.#find(params);
    const blocks = params['prompt'];
    if (!Array.isArray(blocks)) throw new RpcError(-32602, 'prompt must be a list of blocks');
    if (session.prompting) throw new RpcError(-32600, 'A prompt is already running');
    session.prompting = true;
    const turn = await session
      .inTurn((signal) => this.#answer(blocks.map(asObject), reply, { session, signal }))
      .catch((error: unknown) => {
        session.prompting = false;
        throw error;
      });
    if (turn.afterTerminal) await turn.blurt('This comes after the end of the turn.');
    for (const { ms, text } of turn.later) this.#speakLater(session, ms, text);
    return replied;
  }

  async #answer(
    blocks: readonly Params[],
    reply: Reply,
    { session, signal }: { readonly session: Session; readonly signal: AbortSignal },
  ): Promise<Turn> {
    const { connection, output } = this.#parts;
    const texts = blocks.flatMap((block) => asText(block['text']) ?? []);
    const heard = texts.reduce((sum, text) => sum + text.length, 0);
    const text = texts.filter((part) => !record.test(part)).join('\n');
    const turn = new Turn({ session, connection, output, signal }, heard);
    for (const content of blocks) {
      const update = { sessionUpdate: 'user_message_chunk', content, messageId: turn.promptId };
      session.remember({ type: 'update', update });
    }
    // Requests that came in the same bytes are answered before the turn begins to speak.
    await setImmediate();
    const stopReason = await this.#perform(text, blocks.length - texts.length, turn);
    if (stopReason !== 'cancelled') await turn.reportUsage();
    const { input, output: spoken } = turn.finalUsage();
    const usage = { inputTokens: input, outputTokens: spoken, totalTokens: input + spoken };
    // Before the reply: the client may send the next prompt as soon as it has it.
    session.prompting = false;
    await reply({ stopReason, usage });
    if (turn.twoTerminals) await reply({ stopReason, usage });
    return turn;
  }

  async #perform(text: string, otherBlocks: number, turn: Turn): Promise<StopReason> {
    const { commands, misconduct, switches, exit } = this.#parts;
    const stage: Stage = { turn, commands, misconduct, exit, shows: this.#shows };
    try {
      for (const name of switches.misbehave) {
        if (name !== 'never-reads') await misconduct.misbehave(name, turn);
      }
      if (turn.session.effort === 'high') {
        await turn.speak('agent_thought_chunk', ['I have thought about it.']);
      }
      const steps = readScript(text);
      if (steps !== undefined) return (await play(steps, stage)) ?? 'end_turn';
      await turn.say(friendlyAnswer(text, otherBlocks));
      return 'end_turn';
    } catch (error) {
      // Whatever a cancelled turn stumbles over on its way out, it was cancelled.
      if (turn.signal.aborted) return 'cancelled';
      throw error;
    }
  }

  #speakLater(session: Session, ms: number, text: string): void {
    const { connection, output } = this.#parts;
    session.schedule(ms, () => {
      const spoken = session.inTurn(async (signal) => {
        const turn = new Turn({ session, connection, output, signal }, 0);
        await turn.say(text);
        await turn.reportUsage();
      });
      // Nobody waits for a turn that nobody asked for; a cancel is the only way it fails.
      spoken.catch(() => undefined);
    });
  }

  #find(params: Params): Session {
    const id = String(params['sessionId']);
    const session = this.#sessions.get(id);
    if (session === undefined) throw notFound(id);
    return session;
  }
}

function readCwd(params: Params): string {
  const cwd = asText(params['cwd']);
  if (cwd === undefined) throw new RpcError(-32602, 'cwd must be a path');
  return cwd;
}

/** Servers are only told of: it connects to none. */
function readOpening(params: Params): Opening {
  const { additionalDirectories = [], mcpServers = [] } = params;
  return { additionalDirectories, mcpServers };
}

function notFound(sessionId: string): RpcError {
  return new RpcError(-32002, `Resource not found: ${sessionId}`, { sessionId });
}
