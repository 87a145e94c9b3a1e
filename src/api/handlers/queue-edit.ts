import { contentBlocks } from '../../protocol/schema.ts';
import type { Handler } from '../handler.ts';
import { withNamedBlobs } from '../named-blobs.ts';
import { queueItemView } from '../queue-item.ts';

export const queueEdit: Handler<'queue.edit'> = async (input, context) => {
  const session = await context.session(input.session);
  const { queue } = context.engine;
  const content = contentBlocks(input.content);
  const item = await withNamedBlobs(content, { context, session, field: 'content' }, () =>
    queue.edit(session, input.prompt, content, context.caller.by),
  );
  return { session, item: queueItemView(item) };
};
