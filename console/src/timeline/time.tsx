import type { ReactNode } from 'react';
import { clockTime, dayOf, moment } from '../text/time.ts';

/** When something was: the day only where it is another one than before; all of it for the pointer. */
export function Time({ at, after }: { at: string; after: string | null }): ReactNode {
  const isNewDay = after === null || dayOf(after) !== dayOf(at);
  return (
    <time dateTime={at} title={moment(at)}>
      {isNewDay && `${dayOf(at)}, `}
      {clockTime(at)}
    </time>
  );
}
