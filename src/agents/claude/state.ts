import type { FieldType } from '../form.ts';
import type { ToolCall } from '../../domain/content.ts';
import type { RunFailure } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Tokens } from '../../domain/usage.ts';
import type { DecoderState, OpenSpec } from '../../ports/agent.ts';
import type { Withdrawn } from '../broken-text.ts';
import type { InForce } from '../in-force.ts';
import { LineReading } from '../reading.ts';
import { nativeCandidate } from './ids.ts';
import { type Unmet, unmetOf } from './settings.ts';

/** What the decoder remembers between two lines: plain JSON, replaced and never changed, small. */
export interface ClaudeState {
  readonly spec: Pick<OpenSpec, 'session' | 'nativeId'>;
  /** What of the settings it was not told; said when it is open. */
  readonly unmet: readonly Unmet[];
  /** The session's MCP servers of which no failure was told. */
  readonly servers: readonly string[];
  readonly phase: 'opening' | 'open' | 'failed';
  /** The native session that a prompt is known to be in: the one that can be resumed. */
  readonly session: string | null;
  /** The native session of a new host, until then. */
  readonly candidate: string;
  /** Prompts that were sent and not echoed yet. */
  readonly prompts: readonly SentPrompt[];
  /** Something goes on between `running` and `idle`. */
  readonly turn: Turn;
  /** The API message that is being streamed. */
  readonly message: OpenMessage | null;
  readonly block: OpenBlock | null;
  readonly withdrawn: Withdrawn | null;
  /** An error of the model service, told as a notice if the turn goes on after it. */
  readonly mishap: string | null;
  readonly calls: readonly OpenCall[];
  readonly asked: readonly Asked[];
  readonly forms: readonly OpenForm[];
  readonly inForce: InForce;
  /** Tokens of the context that the last message took. */
  readonly used: number | null;
  /** Tokens that are in reports already, by model, since the last result. */
  readonly counted: readonly { readonly model: string; readonly tokens: Tokens }[];
  /** Cost so far as the last result told it; null where the first has to tell what was before. */
  readonly charged: number | null;
}

export interface SentPrompt {
  readonly native: string;
  readonly prompt: string;
  readonly run: string;
}

export interface Turn {
  readonly running: boolean;
  /** Run of the first prompt that was echoed in it. */
  readonly run: string | null;
  /** A prompt was echoed in it, or cancelled before it was read. */
  readonly echoed: boolean;
  readonly cancelled: boolean;
  /** How it has ended so far; the worst of its results. */
  readonly ending: Ending | null;
  /** The last line of the conversation in it, as the transcript names it; null where that is not known. */
  readonly mark: string | null;
}

export interface Ending {
  readonly outcome: 'completed' | 'cancelled' | 'failed';
  readonly stopReason?: string;
  readonly error?: RunFailure;
}

export const noTurn: Turn = {
  running: false,
  run: null,
  echoed: false,
  cancelled: false,
  ending: null,
  mark: null,
};

export interface OpenMessage {
  readonly id: string;
  readonly model: string;
}

/**
 * The text or thinking that is being streamed. `item` is null as long as nothing of it was told: at its
 * beginning, and while it says again what was withdrawn. `text` is what it said so far, null when that
 * has become too long to be remembered.
 */
export interface OpenBlock {
  readonly part: 'text' | 'thought';
  readonly item: string | null;
  readonly text: string | null;
}

/** A tool call as far as later states need it. `toolCall` lacks what was too large to be kept. */
export interface OpenCall {
  readonly toolCall: ToolCall;
  readonly parentCall: string | null;
  /** Not told as a call: its input was told as a plan. */
  readonly silent: boolean;
  /** A sub-agent that goes on after its result: its end is told by itself. */
  readonly background?: true;
  readonly size: number;
}

/** A question of the agent. `input` is what an answer has to repeat, null where it was too large. */
export interface Asked {
  readonly request: string;
  readonly call: string;
  readonly input: JsonObject | null;
}

/** A question of an MCP server. */
export interface OpenForm {
  readonly request: string;
  /** The field that a bare answer fills; null where there is none, because a page is to be opened. */
  readonly field: string | null;
  /** Of the fields that take no text. */
  readonly types: { readonly [field: string]: FieldType };
}

export function initialState(spec: OpenSpec): ClaudeState {
  const { session, host, nativeId, mcpServers } = spec;
  return {
    spec: { session, nativeId },
    unmet: unmetOf(spec),
    servers: mcpServers.map(({ name }) => name),
    phase: 'opening',
    session: null,
    candidate: nativeCandidate(session, host),
    prompts: [],
    turn: noTurn,
    message: null,
    block: null,
    withdrawn: null,
    mishap: null,
    calls: [],
    asked: [],
    forms: [],
    inForce: { mode: null, model: null, effort: null, title: null, used: null, size: null },
    used: null,
    counted: [],
    charged: nativeId === null && spec.forkOf === null ? 0 : null,
  };
}

/** The two crossings to and from the port, whose state is any JSON. */
export function storedState(state: ClaudeState): DecoderState {
  return state as unknown as DecoderState;
}

export function loadedState(state: DecoderState): ClaudeState {
  return state as unknown as ClaudeState;
}

/** One line being read. */
export class Reading extends LineReading<ClaudeState> {
  changeTurn(changes: Partial<Turn>): void {
    this.change({ turn: { ...this.state.turn, ...changes } });
  }

  send(message: object): void {
    this.emit({ type: 'send', line: JSON.stringify(message) });
  }

  /** The turn goes on: an error that it got over is told. */
  goesOn(): void {
    const { mishap } = this.state;
    if (mishap === null) return;
    this.change({ mishap: null });
    this.notice('model-error', mishap);
  }
}
