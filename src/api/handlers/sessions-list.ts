import type { SessionQuery } from '../../ports/store.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import { arrayText, JsonText } from '../answer.ts';
import type { Context, Handler } from '../handler.ts';

export const sessionsList: Handler<'sessions.list'> = async (input, context) => {
  const page = await context.store.sessions(await queryOf(input, context));
  return JsonText.object({
    sessions: arrayText(page.rows.map(({ row }) => row)),
    children: JSON.stringify(await context.store.children(page.rows.map((row) => row.session))),
    next: JSON.stringify(page.next),
    asOf: JSON.stringify(page.asOf),
  });
};

async function queryOf(
  { parent, ...input }: ParsedInputOf<'sessions.list'>,
  context: Context,
): Promise<SessionQuery> {
  const sessions = await context.seen();
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(given) as { sort: SessionQuery['sort']; limit: number }),
    ...(parent === undefined ? {} : { parent: await context.session(parent) }),
    ...(sessions === null ? {} : { sessions }),
  };
}
