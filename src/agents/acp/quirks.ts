import type { SessionUpdate } from '@agentclientprotocol/sdk';

export type UpdateKind = SessionUpdate['sessionUpdate'];

/** In what an agent differs from the protocol or where the protocol leaves a choice. */
export interface AcpQuirks {
  /**
   * The agent answers `session/load` before it has replayed the history; the first update of this kind
   * after the answer is the first that is news. Without it the replay ends with the answer.
   */
  replayUntil?: UpdateKind;
  /**
   * Whether the token counts of a prompt's answer are of the turn (without it) or of the session so far.
   * `request`: they stand in `_meta.usage` of chunks, each of one request of the model.
   */
  tokens?: 'turn' | 'session' | 'request';
  /** Whether the cost in `usage_update` is of the session so far (without it) or of the turn. */
  cost?: 'session' | 'turn';
  /**
   * The agent ends a turn that failed like one that succeeded, after a message that is nothing but the
   * error. Must match the whole message.
   */
  failureText?: RegExp;
  /**
   * Where in `_meta` of the answer that opens the session stands a text that the agent then says once, as if
   * the model did.
   */
  prelude?: readonly string[];
  /** Calls with such ids run a command and tell no input: the command, whole, is their title. */
  titledCommands?: RegExp;
  /** Chunks of the message that are words of the program, not of the model: notices. Must match the whole chunk. */
  ownWords?: RegExp;
  /**
   * A part of ours within the agent speaks through it: in chunks of the message whose `_meta` has this object,
   * as JSON after `asidePrefix`, and as tool calls within the question that the agent passes on (`asides.ts`).
   */
  asides?: readonly string[];
}
