import { refuse } from '../../domain/refusal.ts';
import type { Handler } from '../handler.ts';

export const loginsCreate: Handler<'logins.create'> = async (
  { admin = false },
  { logins, config },
) => {
  if (logins === undefined) throw refuse('unsupported', 'This daemon serves no console.');
  return { ...logins.issue({ admin }), origin: config.publicUrl ?? null };
};
