import { refuse } from '../../domain/refusal.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { Context, Handler } from '../handler.ts';

export const usageSummary: Handler<'usage.summary'> = async (input, context) => {
  const { by, since, until, agent, limit, cursor } = input;
  const sessions = await sessionsOf(input, context);
  const { rows, total, next } = await context.store.usage({
    by,
    limit,
    ...(sessions === null ? {} : { sessions }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(agent === undefined ? {} : { agent }),
    ...(cursor === undefined ? {} : { cursor }),
  });
  const told = <Sum extends typeof total>(sum: Sum) => ({ ...sum, cost: [...sum.cost] });
  return { rows: rows.map(told), total: told(total), next };
};

/** Of a session the caller may see less than all that descends from it. */
async function sessionsOf(
  { session, withChildren }: ParsedInputOf<'usage.summary'>,
  context: Context,
): Promise<readonly string[] | null> {
  const seen = await context.seen();
  if (session === undefined) {
    if (withChildren !== true) return seen;
    const message = 'withChildren is of one session: name it, or leave withChildren out.';
    throw refuse('invalid', message, { field: 'withChildren' });
  }
  const id = await context.session(session);
  if (withChildren !== true) return [id];
  const family = await context.store.family([id]);
  return seen === null ? family : family.filter((one) => seen.includes(one));
}
