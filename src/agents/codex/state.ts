import type { ToolCall } from '../../domain/content.ts';
import type { SettingsChange } from '../../domain/entry.ts';
import type { Json } from '../../domain/json.ts';
import type { Tokens } from '../../domain/usage.ts';
import type { DecoderState, OpenSpec } from '../../ports/agent.ts';
import type { Withdrawn } from '../broken-text.ts';
import type { InForce } from '../in-force.ts';
import { LineReading } from '../reading.ts';
import type { Ending } from './failure.ts';

/**
 * Where the conversation stands:
 *
 *   initialize ─▶ (skills ─▶) thread ─▶ open          any of them ─▶ failed
 */
export type Phase = 'initialize' | 'skills' | 'thread' | 'open' | 'failed';

/** What the decoder remembers between two lines: plain JSON, replaced and never changed, small. */
export interface CodexState {
  readonly spec: OpenSpec;
  readonly trusted: boolean;
  readonly phase: Phase;
  readonly thread: string | null;
  /** A prompt is known to be in it: there is something to be resumed. */
  readonly confirmed: boolean;
  /** The turn that goes on. */
  readonly turn: Turn | null;
  readonly texts: readonly OpenText[];
  readonly withdrawn: Withdrawn | null;
  readonly calls: readonly OpenCall[];
  /** Threads of sub-agents. */
  readonly children: readonly Child[];
  readonly asked: readonly Asked[];
  readonly inForce: InForce;
  /** Sums of the thread as last told, null where the first one has to say what was before. */
  readonly spent: Tokens | null;
  /** Reports so far, by which the next is named. */
  readonly reports: number;
  /** Words for the user that were told last: the same ones come with every turn. */
  readonly said: readonly string[];
}

export interface Turn {
  readonly id: string;
  /** The run whose prompt began it; null for one of Codex's own. */
  readonly run: string | null;
  /** Prompts that were steered into it and are not seen in the conversation yet. */
  readonly steered: readonly string[];
  /** It is over but for its sub-agents, and for commands that still have to be ended. */
  readonly ending: Ending | null;
}

/** A sub-agent, which has a thread of its own beside ours. */
export interface Child {
  readonly thread: string;
  /** The call that began it. */
  readonly call: string | null;
  readonly model: string | null;
  /** What it is at. */
  readonly turn: string | null;
  readonly spent: Tokens | null;
}

/**
 * A text or thought that is being streamed. `item` is null as long as nothing of it was told: at its beginning,
 * and while it says again what was withdrawn. `text` is what it said so far, null when that has become too long
 * to be remembered.
 */
export interface OpenText {
  readonly native: string;
  readonly part: 'text' | 'thought';
  readonly item: string | null;
  readonly text: string | null;
  /** The section of a thought's summary, or that it is told unabridged. */
  readonly section: number | 'raw';
}

/** A tool call as far as later lines need it: what Codex says at its end is whole. */
export interface OpenCall {
  /** Without what was too large to be kept. */
  readonly toolCall: ToolCall;
  readonly thread: string;
  readonly turn: string;
  readonly parentCall: string | null;
  /** All files that a change is about; null where they are too many, or for what changes none. */
  readonly paths: readonly string[] | null;
  /** The end of what a command printed. */
  readonly printed: string;
  /** It goes on after its turn. */
  readonly background: boolean;
  readonly size: number;
}

export type Asked =
  | { readonly type: 'decision'; readonly request: Json }
  | { readonly type: 'tool'; readonly request: Json }
  | { readonly type: 'permissions'; readonly request: Json; readonly wanted: Json }
  | { readonly type: 'form'; readonly request: Json; readonly field: string }
  | { readonly type: 'questions'; readonly request: Json; readonly ids: readonly string[] };

export const nothingInForce: InForce = {
  mode: null,
  model: null,
  provider: null,
  effort: null,
  title: null,
  used: null,
  size: null,
};

export function initialState(spec: OpenSpec, trusted: boolean): CodexState {
  return {
    spec,
    trusted,
    phase: 'initialize',
    thread: null,
    confirmed: false,
    turn: null,
    texts: [],
    withdrawn: null,
    calls: [],
    children: [],
    asked: [],
    inForce: nothingInForce,
    spent: null,
    reports: 0,
    said: [],
  };
}

/** The two crossings to and from the port, whose state is any JSON. */
export function storedState(state: CodexState): DecoderState {
  return state as unknown as DecoderState;
}

export function loadedState(state: DecoderState): CodexState {
  return state as unknown as CodexState;
}

const remembered = 8;

/** One line being read. */
export class Reading extends LineReading<CodexState> {
  changeTurn(changes: Partial<Turn>): void {
    const { turn } = this.state;
    if (turn !== null) this.change({ turn: { ...turn, ...changes } });
  }

  send(line: string): void {
    this.emit({ type: 'send', line });
  }

  /** The same words are told once. */
  words(code: string, text: string): void {
    const said = `${code} ${text}`.slice(0, 256);
    if (this.state.said.includes(said)) return;
    this.change({ said: [...this.state.said, said].slice(-remembered) });
    this.notice(code, text);
  }

  /** An effort of none only says that none was asked for: no change. */
  override changes(told: Partial<InForce>): SettingsChange | null {
    const { effort, ...rest } = super.changes(told) ?? {};
    const changes = typeof effort === 'string' ? { ...rest, effort } : rest;
    return Object.keys(changes).length === 0 ? null : changes;
  }
}
