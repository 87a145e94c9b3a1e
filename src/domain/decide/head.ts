import type { Draft } from '../draft.ts';
import { refuse } from '../refusal.ts';

/** Where a guard stands in the input; of an append also the writer's epoch, which the refusal names. */
interface Guard {
  field: 'expectedHead' | 'expect';
  epoch?: number;
}

/** Guards a command by the head that its caller has seen (L5). */
export function checkHead(
  draft: Draft,
  expected: string | null | undefined,
  guard: Guard = { field: 'expectedHead' },
): void {
  if (expected !== undefined && expected !== draft.state.head) throw moved(draft, guard);
}

/** Guards an append by the length of the log that its caller has seen. */
export function checkSeq(draft: Draft, expected: number, guard: Guard): void {
  if (expected !== draft.state.lastSeq) throw moved(draft, guard);
}

function moved(draft: Draft, { field, epoch }: Guard): Error {
  const { head, lastSeq } = draft.state;
  const message = 'The session has moved on since then: read it again, then decide.';
  const data = { head, seq: lastSeq, ...(epoch === undefined ? {} : { epoch }) };
  return refuse('conflict', message, { field, data });
}
