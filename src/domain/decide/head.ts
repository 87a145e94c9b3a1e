import type { Draft } from '../draft.ts';
import { refuse } from '../refusal.ts';

/** Guards a command by the head that its caller has seen (L5). */
export function checkHead(
  draft: Draft,
  expected: string | null | undefined,
  field = 'expectedHead',
): void {
  if (expected !== undefined && expected !== draft.state.head) throw moved(draft, field);
}

/** Guards an append by the length of the log that its caller has seen. */
export function checkSeq(draft: Draft, expected: number): void {
  if (expected !== draft.state.lastSeq) throw moved(draft, 'expect');
}

function moved(draft: Draft, field: string): Error {
  const { head, lastSeq } = draft.state;
  const message = 'The session has moved on since then: read it again, then decide.';
  return refuse('conflict', message, { field, data: { head, seq: lastSeq } });
}
