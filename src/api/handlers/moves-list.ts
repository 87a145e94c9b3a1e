import type { Handler } from '../handler.ts';
import { moveView } from '../move-view.ts';

export const movesList: Handler<'moves.list'> = async (input, context) => {
  const { moves, engine } = context;
  const wanted = input.session === undefined ? null : await context.session(input.session);
  const shown = async (session: string): Promise<boolean> =>
    wanted === null ? context.sees(session) : session === wanted;
  const out = await seen(moves.list(), shown);
  const coming = await seen(engine.arrivals.list, shown);
  const arrivals = coming.map(({ session, from, expiresAt, withdrawn }) => {
    return { session, from, expiresAt, withdrawn };
  });
  return { moves: out.map(moveView), arrivals };
};

async function seen<One extends { session: string }>(
  all: readonly One[],
  shown: (session: string) => Promise<boolean>,
): Promise<One[]> {
  const marks = await Promise.all(all.map(({ session }) => shown(session)));
  return all.filter((_, at) => marks[at]);
}
