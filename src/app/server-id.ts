import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { replaceFile, type StateDirectory } from './state-directory.ts';
import { refuse } from '../domain/refusal.ts';

const idPattern = /^[0-9a-f-]{36}$/;

/** By which other daemons know this state directory, wherever it is served: made at the first start, kept for ever. */
export async function serverId({ idFile }: StateDirectory): Promise<string> {
  const known = await readFile(idFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const id = known.trim();
  if (idPattern.test(id)) return id;
  if (id !== '') throw refuse('invalid', `${idFile} holds no id of a daemon.`);
  const fresh = randomUUID();
  await replaceFile(idFile, `${fresh}\n`);
  return fresh;
}
