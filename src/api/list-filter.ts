import type { ListFilter } from '../engine/engine.ts';
import type { ParsedInputOf } from '../protocol/operations.ts';

export type AskedFilter = Extract<ParsedInputOf<'feeds.open'>, { sessions: object }>['sessions'];

/** What a subscriber of the list asks for; its parent, a name, as the id that `session` finds. */
export async function listFilter(
  { parent, ...asked }: AskedFilter,
  session: (name: string) => Promise<string>,
): Promise<ListFilter> {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(given) as ListFilter),
    ...(parent === undefined ? {} : { parent: await session(parent) }),
  };
}
