import { refuse, type Refusal, RefusalError } from '../domain/refusal.ts';
import type { Verdict } from '../ports/store.ts';
import type { Letter } from './mailbox.ts';

/** What callers are told of a fault of our own. */
export const faultMessage = 'The session failed to do this; see the log.';

/** What a caller is told when the turn with its command broke. */
export function refusedBy(error: unknown): RefusalError {
  return error instanceof RefusalError ? error : refuse('internal', faultMessage);
}

export function refuseLetters(decided: readonly { letter: Letter }[], verdict: Verdict): void {
  for (const { letter } of decided) letter.reject(new RefusalError(refusalOf(verdict)));
}

/** A verdict other than stored, as callers are told of it. */
export function refusalOf(verdict: Verdict): Refusal {
  switch (verdict.status) {
    case 'refused':
      return verdict.refusal;
    case 'fenced':
      return {
        code: 'fenced',
        message: 'Another writer has this session.',
        data: { epoch: verdict.epoch },
      };
    case 'conflict': {
      const { head, seq, epoch } = verdict;
      return { code: 'conflict', message: 'The log has moved on.', data: { head, seq, epoch } };
    }
    case 'duplicate':
    case 'stored':
      return { code: 'internal', message: 'The store already had what was to be stored.' };
  }
}
