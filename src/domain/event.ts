import type { NewEntry } from './entry.ts';

/** What hooks are notified of: approvals asked and decided, the life of sessions, the end of runs. */
export type EventKind = 'approval' | 'session' | 'run';

/** Whether hooks are notified of an entry; `first` is the one that makes its session. */
export function isEvent(entry: NewEntry, first: boolean): boolean {
  return eventOf(entry, first) !== null;
}

export interface Happening {
  event: EventKind;
  what: 'asked' | 'decided' | 'created' | 'reset' | 'deleted' | 'restored' | 'ended';
}

/** What an entry is to hooks; null for nothing. */
export function eventOf(entry: NewEntry, first: boolean): Happening | null {
  if (first) return { event: 'session', what: 'created' };
  switch (entry.kind) {
    case 'approval':
    case 'question':
      return { event: 'approval', what: 'asked' };
    case 'decision':
    case 'answer':
      return { event: 'approval', what: 'decided' };
    case 'reset':
      return { event: 'session', what: 'reset' };
    case 'deletion':
      return { event: 'session', what: entry.data.state };
    case 'run_ended':
      return { event: 'run', what: 'ended' };
    default:
      return null;
  }
}
