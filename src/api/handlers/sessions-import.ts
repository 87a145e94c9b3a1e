import { refuse } from '../../domain/refusal.ts';
import type { Context, UploadHandler } from '../handler.ts';
import { LogImport } from '../log-import.ts';

export const sessionsImport: UploadHandler<'sessions.import'> = async (input, context, chunks) => {
  checkReach(context);
  const log = new LogImport(input, context);
  for await (const chunk of chunks) await log.take(chunk);
  return log.end();
};

/** A log says what it likes of other sessions: of its base, of what an agent remembers. */
function checkReach({ caller }: Context): void {
  if (caller.sessions === null) return;
  throw refuse('forbidden', 'A token that is bound to sessions imports none.');
}
