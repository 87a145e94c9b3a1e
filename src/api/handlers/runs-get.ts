import { refuse } from '../../domain/refusal.ts';
import type { Handler } from '../handler.ts';
import { runView } from '../run-view.ts';

export const runsGet: Handler<'runs.get'> = async (input, context) => {
  const session = await context.session(input.session);
  const row = await context.store.run(session, input.run);
  if (row === undefined) {
    throw refuse('not_found', 'The session has no run with this id.', { field: 'run' });
  }
  return { run: runView(row) };
};
