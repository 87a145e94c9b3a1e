import { useCallback } from 'react';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';

/** What was written to a session and not sent, kept by this browser. */
export function useDraft(
  session: string,
): [string, (next: string | ((now: string) => string)) => void] {
  const { drafts } = useConsole();
  const text = useCell(drafts)[session] ?? '';
  const set = useCallback(
    (next: string | ((now: string) => string)) =>
      drafts.update((all) => {
        const { [session]: now = '', ...others } = all;
        const then = typeof next === 'string' ? next : next(now);
        if (then === now) return all;
        return then === '' ? others : { ...others, [session]: then };
      }),
    [drafts, session],
  );
  return [text, set];
}
