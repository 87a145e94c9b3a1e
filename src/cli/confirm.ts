import { refuse } from '../domain/refusal.ts';
import type { Io } from './io.ts';
import { readKey } from './keys.ts';

/** Asks before what cannot be taken back. Where nobody can be asked, `--yes` has to say it. */
export async function confirm(io: Io, options: { yes?: boolean }, what: string): Promise<boolean> {
  if (options.yes === true) return true;
  if (!io.inIsTty) throw refuse('invalid', `${what} There is no terminal to ask at: say --yes.`);
  io.err(`${what} Go on? y/N `);
  const key = await readKey(io, new AbortController().signal);
  const agreed = key === 'y' || key === 'Y';
  io.err(agreed ? 'y\n' : 'n\nNothing was done.\n');
  return agreed;
}
