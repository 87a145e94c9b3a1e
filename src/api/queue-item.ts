import type { z } from 'zod';
import type { QueueItem } from '../engine/session-ops.ts';
import type { queueItem } from '../protocol/schema.ts';

export function queueItemView({ content, ...item }: QueueItem): z.output<typeof queueItem> {
  return { ...item, content: content === null ? null : content.map((block) => ({ ...block })) };
}
