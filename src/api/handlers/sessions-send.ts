import type { SendInput } from '../../engine/engine.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import { contentBlocks } from '../../protocol/schema.ts';
import type { Handler } from '../handler.ts';
import { withNamedBlobs } from '../named-blobs.ts';
import { sessionToSend } from '../main-session.ts';

export const sessionsSend: Handler<'sessions.send'> = async (input, context) => {
  const session = await sessionToSend(input.session, context);
  const send = sendOf(input);
  const answer = await withNamedBlobs(send.content, { context, session, field: 'content' }, () =>
    context.engine.send(session, send, context.caller.by),
  );
  return { session, ...answer };
};

function sendOf(input: ParsedInputOf<'sessions.send'>): SendInput {
  const { id, content, delivery, allowInterrupt, timeoutMs, effort, expectedHead } = input;
  return {
    content: contentBlocks(content),
    delivery,
    allowInterrupt,
    ...(id === undefined ? {} : { id }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(effort === undefined ? {} : { effort }),
    ...(expectedHead === undefined ? {} : { expectedHead }),
  };
}
