import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { platformProcesses } from '../hosts/platform/platform.ts';

/** Hosts that have a directory in the state directory, and those of them that have living processes. */
export async function leftHosts(
  directory: string,
): Promise<{ known: readonly string[]; living: readonly string[] }> {
  const known = await readdir(join(directory, 'hosts')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (known.length === 0) return { known, living: [] };
  const markers = new Set((await platformProcesses().list()).map(({ marker }) => marker));
  return { known, living: known.filter((host) => markers.has(host)) };
}
