import type { PatchInput } from '../../engine/session-ops.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { Context, Handler } from '../handler.ts';
import { policyOf } from '../policy-input.ts';
import { settingsOf } from '../settings-input.ts';

export const sessionsPatch: Handler<'sessions.patch'> = async (input, context) => {
  const session = await context.session(input.session);
  const { row, applied } = await context.engine.patch(
    session,
    patchOf(input, context),
    context.caller.by,
  );
  return { session: row, applied };
};

function patchOf(input: ParsedInputOf<'sessions.patch'>, context: Context): PatchInput {
  const { session: _, expectedHead, meta, policy, ...given } = input;
  const { changes, secrets } = settingsOf(given);
  return {
    changes,
    secrets,
    ...policyOf(policy, context),
    ...(meta === undefined ? {} : { meta }),
    ...(expectedHead === undefined ? {} : { expectedHead }),
  };
}
