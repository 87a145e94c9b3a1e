import type { ListFilter } from '../engine/engine.ts';
import type { Store } from '../ports/store.ts';
import type { Caller } from './caller.ts';

/**
 * Which sessions a caller reaches: all of them, or those that its token is bound to, from inside a host
 * together with all that descend from them. Asked anew at every request: children come at any time.
 */
export async function sees(store: Store, caller: Caller, session: string): Promise<boolean> {
  const { sessions, inside } = caller;
  if (sessions === null || sessions.includes(session)) return true;
  if (!inside) return false;
  return (await store.lineage(session)).some((id) => sessions.includes(id));
}

/** The sessions that the caller sees, for the filter of a page; null for all. */
export async function seen(store: Store, caller: Caller): Promise<readonly string[] | null> {
  const { sessions, inside } = caller;
  return sessions === null || !inside ? sessions : store.family(sessions);
}

/** What the caller sees of the list, for a feed that goes on. */
export interface ListReach {
  filter: Pick<ListFilter, 'sessions' | 'family'>;
  /** To be awaited between the opening of the feed and its first frame: so nothing comes in between. */
  complete(): Promise<void>;
}

export function listReach(store: Store, caller: Caller): ListReach {
  const { sessions, inside } = caller;
  if (sessions === null || !inside) {
    return { filter: sessions === null ? {} : { sessions }, complete: () => Promise.resolve() };
  }
  const family = new Set(sessions);
  const complete = async (): Promise<void> => {
    for (const session of await store.family(sessions)) family.add(session);
  };
  return { filter: { family }, complete };
}
