import { refuse } from '../../domain/refusal.ts';
import type { Handler } from '../handler.ts';

export const hooksTest: Handler<'hooks.test'> = async ({ name }, { hooks }) => {
  const tested = await hooks.test(name);
  if (tested !== undefined) return tested;
  throw refuse('not_found', 'No hook that is notified has that name.', { field: 'name' });
};
