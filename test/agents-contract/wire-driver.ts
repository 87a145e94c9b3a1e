import type fc from 'fast-check';
import type { AgentDriver, DecoderState, OpenSpec } from '../../src/ports/agent.ts';
import type { Speaking } from './wire.ts';

/** One recorded conversation. */
export interface Fixture {
  name: string;
  driver: AgentDriver;
  /** With what its host was opened. */
  spec: OpenSpec;
  /** It has lines that nobody could understand. */
  odd?: true;
}

/** What is recorded of every agent. */
export const scenes = ['text', 'allowed', 'denied', 'failed', 'aborted'] as const;

/** Names of fixtures. */
export type Scenes = { readonly [Scene in (typeof scenes)[number]]: string };

/** What the contract needs to know of one driver: what is recorded, and what its agent might say. Data alone. */
export interface WireDriver {
  /** The agents that it drives, by their names, and where each shows the scenes. */
  agents: { readonly [agent: string]: Scenes };
  /** Of test/fixtures/wire. */
  folder: string;
  fixtures: readonly Fixture[];
  driver: AgentDriver;
  /** In a session that is open, nothing under way. */
  open: Speaking;
  /** States in which it may be when a line comes. */
  states: readonly DecoderState[];
  /** Messages that are almost right. */
  almost: fc.Arbitrary<object>;
  /** Objects that are no message of it. */
  foreign: fc.Arbitrary<object>;
  /** Unknown words within what is known. */
  strange: readonly object[];
  ignored: {
    messages: readonly object[];
    reasons: readonly string[];
  };
  /** A request with this value, as JSON, in the place of what is asked. */
  request: (value: string) => string;
  /** Requests that are not known. */
  unknownRequests: readonly object[];
  /** The nth round of a conversation that leaves everything open; how many there are. */
  endless: { rounds: number; round: (n: number) => readonly object[] };
  /** Messages with a text that is too long wherever one can be. */
  long: (text: string) => readonly object[];
}
