import type { Draft } from '../draft.ts';
import { refuse } from '../refusal.ts';

/** Guards a command by the head that its caller has seen (L5). */
export function checkHead(draft: Draft, expected: string | null | undefined): void {
  const { head, lastSeq } = draft.state;
  if (expected === undefined || expected === head) return;
  throw refuse(
    'conflict',
    'The session has moved on since that head: read it again, then decide.',
    {
      field: 'expectedHead',
      data: { head, seq: lastSeq },
    },
  );
}
