import type { FieldType } from '../form.ts';
import type { ToolCall } from '../../domain/content.ts';
import type { RunFailure } from '../../domain/entry.ts';
import type { Json } from '../../domain/json.ts';
import type { Money, Tokens } from '../../domain/usage.ts';
import type { DecoderState, OpenSpec, SpoolLine } from '../../ports/agent.ts';
import type { InForce } from '../in-force.ts';
import { LineReading } from '../reading.ts';
import type { AcpQuirks } from './quirks.ts';

/**
 * Where the conversation stands. `new`, `resume` and `load` wait for the answer to the request that opens
 * the session; in the last two, and in `replay` after them, updates are history and not news.
 *
 *   initialize ─▶ new | resume ─────────▶ open
 *              └▶ load ─▶ (replay ─▶) ──▶ open          any of them ─▶ failed
 */
export type Phase = 'initialize' | 'new' | 'resume' | 'load' | 'replay' | 'open' | 'failed';

/** What the decoder remembers between two lines: plain JSON, replaced and never changed, small. */
export interface AcpState {
  readonly spec: Pick<
    OpenSpec,
    'cwd' | 'nativeId' | 'model' | 'mode' | 'effort' | 'mcpServers' | 'additionalDirs'
  >;
  readonly phase: Phase;
  readonly session: string | null;
  /** Settings that were asked for at the opening and not answered yet. */
  readonly asked: readonly Setting[];
  /** How each setting is asked for; null where the agent did not offer it. */
  readonly ways: { readonly [S in Setting]: Way | null };
  readonly text: OpenItem | null;
  readonly calls: readonly OpenCall[];
  readonly questions: readonly OpenQuestion[];
  readonly inForce: InForce;
  readonly spent: Spent;
  /** A failure that was published beside the turn, and nothing of the turn came after it. */
  readonly failure: RunFailure | null;
  /** The turn's last message, while it is short enough to be nothing but an error. */
  readonly lastMessage: string | null;
  /** What the agent will say of its own once the session is open. */
  readonly prelude: string | null;
  /** The run that ended last: what a repeated answer says of its usage is no news. */
  readonly lastRun: string | null;
}

export type Setting = 'mode' | 'model' | 'effort';
export const acpSettings = ['mode', 'model', 'effort'] as const satisfies readonly Setting[];

/** `option` names the configuration option to set; `own` is for agents without one. */
export type Way = { readonly option: string } | 'own';

/** The text that is being streamed; a chunk of another message, part or sub-agent ends it. */
export interface OpenItem {
  readonly item: string;
  readonly part: 'text' | 'thought';
  readonly message: string | null;
  readonly parentCall: string | null;
}

/** A tool call as far as later states need it. `toolCall` lacks what was too large to be kept. */
export interface OpenCall {
  readonly toolCall: ToolCall;
  readonly parentCall: string | null;
  readonly inputKnown: boolean;
  readonly diffKnown: boolean;
  /** The agent said of which kind it is. */
  readonly kindTold: boolean;
  /** Members of which something was said that is not in `toolCall`: too large to be kept, or not understood. */
  readonly lost: readonly Lost[];
  /** End of what its terminal printed, for agents that send it piece by piece. */
  readonly terminal: string;
  readonly size: number;
}

export type Lost = 'input' | 'content' | 'locations';

/** What of a question its answer needs. */
export interface OpenQuestion {
  readonly request: Json;
  /** The field of its form that takes an answer which is a bare value; null where it has no form. */
  readonly field: string | null;
  /** Fields that take no text. */
  readonly types: { readonly [field: string]: FieldType };
}

/** Sums of the session: `cost` as last told, `charged` the part of it that is in reports already. */
export interface Spent {
  readonly cost: Money | null;
  readonly charged: number | null;
  readonly tokens: Tokens | null;
}

export function initialState(spec: OpenSpec): AcpState {
  const { cwd, nativeId, model, mode, effort, mcpServers, additionalDirs } = spec;
  return {
    spec: { cwd, nativeId, model, mode, effort, mcpServers, additionalDirs },
    phase: 'initialize',
    session: null,
    asked: [],
    ways: { mode: null, model: null, effort: null },
    text: null,
    calls: [],
    questions: [],
    inForce: { mode: null, model: null, effort: null, title: null, used: null, size: null },
    spent: { cost: null, charged: nativeId === null ? 0 : null, tokens: null },
    failure: null,
    lastMessage: null,
    prelude: null,
    lastRun: null,
  };
}

/** The two crossings to and from the port, whose state is any JSON. */
export function storedState(state: AcpState): DecoderState {
  return state as unknown as DecoderState;
}

export function loadedState(state: DecoderState): AcpState {
  return state as unknown as AcpState;
}

/** One line being read, of an agent that differs from the protocol in these ways. */
export class Reading extends LineReading<AcpState> {
  readonly quirks: AcpQuirks;

  constructor(state: AcpState, line: SpoolLine, quirks: AcpQuirks) {
    super(state, line);
    this.quirks = quirks;
  }

  send(line: string): void {
    this.emit({ type: 'send', line });
  }

  /** The agent does something in its turn: what was being said is complete, a failure was got over. */
  activity(): void {
    this.endText();
    this.change({ failure: null, lastMessage: null });
  }

  endText(): void {
    const { text } = this.state;
    if (text === null) return;
    this.emit({ type: 'text_end', item: text.item });
    this.change({ text: null });
  }
}
