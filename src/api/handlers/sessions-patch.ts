import type { PatchInput } from '../../engine/session-ops.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { Handler } from '../handler.ts';
import { settingsOf } from '../settings-input.ts';

export const sessionsPatch: Handler<'sessions.patch'> = async (input, context) => {
  const session = await context.session(input.session);
  const { row, applied } = await context.engine.patch(session, patchOf(input), context.caller.by);
  return { session: row, applied };
};

function patchOf(input: ParsedInputOf<'sessions.patch'>): PatchInput {
  const { session: _, expectedHead, meta, ...given } = input;
  const { changes, secrets } = settingsOf(given);
  return {
    changes,
    secrets,
    ...(meta === undefined ? {} : { meta }),
    ...(expectedHead === undefined ? {} : { expectedHead }),
  };
}
