import type { PatchInput } from '../../engine/session-ops.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { Context, Handler } from '../handler.ts';
import { joinedMeta, settingsOf } from '../settings-input.ts';

export const sessionsPatch: Handler<'sessions.patch'> = async (input, context) => {
  const session = await context.session(input.session);
  const patch = await patchOf(session, input, context);
  const { row, applied } = await context.engine.patch(session, patch, context.caller.by);
  return { session: row, applied };
};

async function patchOf(
  session: string,
  input: ParsedInputOf<'sessions.patch'>,
  { engine }: Context,
): Promise<PatchInput> {
  const { session: _session, expectedHead, meta, ...given } = input;
  const { changes, secrets } = settingsOf(given);
  const { row } = await engine.get(session);
  return {
    changes: { ...changes, ...(meta === undefined ? {} : { meta: joinedMeta(row.meta, meta) }) },
    secrets,
    ...(expectedHead === undefined ? {} : { expectedHead }),
  };
}
