import type { Common } from './connect.ts';
import type { Io } from './io.ts';

/** Id of the session that this command works in, null outside of one and where another daemon is named. */
export function insideSession(io: Io, { state, url }: Common): string | null {
  if (state !== undefined || url !== undefined) return null;
  return io.env['TURNKEEP_SESSION'] || null;
}
