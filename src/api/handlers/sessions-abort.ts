import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { Proof } from '../../domain/entry.ts';
import type { Handler } from '../handler.ts';

export const sessionsAbort: Handler<'sessions.abort'> = async (input, context) => {
  const session = await context.session(input.session);
  const { proof, ...answer } = await context.engine.abort(
    session,
    abortOf(input),
    context.caller.by,
  );
  return { session, ...answer, ...(proof === undefined ? {} : { proof: proofView(proof) }) };
};

function abortOf({ run, force, wait, queue }: ParsedInputOf<'sessions.abort'>) {
  return { force, wait, queue, ...(run === undefined ? {} : { run }) };
}

function proofView(proof: Proof) {
  return { ...proof, ended: [...proof.ended] };
}
