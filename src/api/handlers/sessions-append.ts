import type { Json } from '../../domain/json.ts';
import type { AppendInput } from '../../engine/session-ops.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { Handler } from '../handler.ts';
import { demandNamed } from '../named-blobs.ts';

export const sessionsAppend: Handler<'sessions.append'> = async (input, context) => {
  const session = await context.session(input.session);
  for (const [at, { raw }] of input.entries.entries()) {
    await demandNamed(raw, { context, session, field: 'entries', at });
  }
  const { by, epoch } = context.caller;
  const given = { ...(epoch === null ? {} : { epoch }), ...appendOf(input) };
  const answer = await context.engine.logs.append(session, given, by);
  return { session, ...answer, entries: [...answer.entries] };
};

function appendOf({
  entries,
  expect,
  epoch,
  producer,
}: ParsedInputOf<'sessions.append'>): AppendInput {
  return {
    entries: entries.map(({ id, parentId, type, raw }) => ({
      raw: raw as Json,
      ...(id === undefined ? {} : { id }),
      ...(parentId === undefined ? {} : { parentId }),
      ...(type === undefined ? {} : { entryType: type }),
    })),
    ...(expect === undefined ? {} : { expect }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(producer === undefined ? {} : { producer }),
  };
}
