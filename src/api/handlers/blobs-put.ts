import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import type { UploadHandler } from '../handler.ts';

export const blobsPut: UploadHandler<'blobs.put'> = ({ digest }, context, chunks) => {
  const { engine, store, caller } = context;
  if (engine.space.state !== 'plenty') {
    throw refuse('unavailable', 'The disk is nearly full: free some space and send it again.');
  }
  const owner = caller.token;
  return store.upload(bounded(chunks), { owner, ...(digest === undefined ? {} : { digest }) });
};

async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > limits.blobBytes) {
      throw refuse('too_large', `A blob may have at most ${limits.blobBytes} bytes.`);
    }
    yield chunk;
  }
}
