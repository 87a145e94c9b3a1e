import type { SessionUpdate } from '@agentclientprotocol/sdk';

export type UpdateKind = SessionUpdate['sessionUpdate'];

/** In what an agent differs from the protocol or where the protocol leaves a choice. */
export interface AcpQuirks {
  /**
   * The agent answers `session/load` before it has replayed the history; the first update of this kind
   * after the answer is the first that is news. Without it the replay ends with the answer.
   */
  replayUntil?: UpdateKind;
  /** Whether the token counts of a prompt's answer are of the turn (without it) or of the session so far. */
  tokens?: 'turn' | 'session';
  /** Whether the cost in `usage_update` is of the session so far (without it) or of the turn. */
  cost?: 'session' | 'turn';
  /**
   * The agent ends a turn that failed like one that succeeded, after a message that is nothing but the
   * error. Must match the whole message.
   */
  failureText?: RegExp;
}
