import { refuse } from '../../domain/refusal.ts';
import type { Handler } from '../handler.ts';

export const blobsGet: Handler<'blobs.get'> = async (input, context) => {
  const session = await context.session(input.session);
  const named = await context.store.references(session, input.digest);
  // Who knows a digest of another session learns not even whether it is there.
  const blob = named ? await context.store.getBlob(input.digest) : undefined;
  if (blob === undefined) {
    throw refuse('not_found', 'The session names no blob with this digest.', { field: 'digest' });
  }
  const end = Math.min(blob.byteLength, input.offset + input.maxBytes);
  const part = blob.subarray(Math.min(input.offset, end), end);
  return {
    base64: Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('base64'),
    size: blob.byteLength,
    next: end < blob.byteLength ? end : null,
  };
};
