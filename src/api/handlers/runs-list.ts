import type { Handler } from '../handler.ts';
import { runView } from '../run-view.ts';

export const runsList: Handler<'runs.list'> = async (input, context) => {
  const { session, outcome, open, limit, cursor } = input;
  const sessions = session === undefined ? await context.seen() : null;
  const page = await context.store.runs({
    limit,
    ...(session === undefined ? {} : { session: await context.session(session) }),
    ...(sessions === null ? {} : { sessions }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(open === undefined ? {} : { open }),
    ...(cursor === undefined ? {} : { cursor }),
  });
  return { runs: page.runs.map(runView), next: page.next };
};
