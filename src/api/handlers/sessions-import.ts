import { refuse } from '../../domain/refusal.ts';
import type { Context, UploadHandler } from '../handler.ts';
import { LogImport } from '../log-import.ts';

export const sessionsImport: UploadHandler<'sessions.import'> = async (input, context, chunks) => {
  const { context: reach, arriving } = reachOf(input, context);
  const log = new LogImport(input, reach, arriving);
  for await (const chunk of chunks) await log.take(chunk);
  return log.end();
};

/** A log says what it likes of other sessions: of its base, of what an agent remembers. */
function reachOf(
  input: object,
  context: Context,
): { context: Context; arriving: string | undefined } {
  const { caller } = context;
  const { ticket, sessions } = caller;
  if (ticket !== null) {
    if (Object.keys(input).length > 0) {
      throw refuse('invalid', 'What moves here comes in as it is: give no input.');
    }
    // What its log sets is allowed to whoever made the ticket.
    const behind = { ...caller, scopes: ticket, sessions: null };
    return { context: { ...context, caller: behind }, arriving: sessions?.[0] };
  }
  if (sessions === null) return { context, arriving: undefined };
  throw refuse('forbidden', 'A token that is bound to sessions imports none.');
}
