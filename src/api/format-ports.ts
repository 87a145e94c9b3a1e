import { createHash } from 'node:crypto';
import type { FormatPorts, RunningHash } from '../formats/format.ts';
import type { Context } from './handler.ts';

/** What file formats need of the world, from what a handler has of it. */
export function formatPorts({ store, clock }: Pick<Context, 'store' | 'clock'>): FormatPorts {
  return { store, sha256: (content) => clock.sha256(content), newHash };
}

function newHash(): RunningHash {
  const hash = createHash('sha256');
  return { update: (content) => void hash.update(content), digest: () => hash.digest('hex') };
}
