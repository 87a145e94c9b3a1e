import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { replaceFile, type StateDirectory } from './state-directory.ts';

/**
 * The port that the last daemon of the directory had, so that addresses which people keep stay right; 0 (any)
 * where there was none or something else has it now.
 */
export async function usualPort({ portFile }: StateDirectory, host: string): Promise<number> {
  const text = await readFile(portFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const port = Number(text.trim());
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return 0;
  return (await isFree(host, port)) ? port : 0;
}

export async function rememberPort({ portFile }: StateDirectory, url: string): Promise<void> {
  await replaceFile(portFile, `${new URL(url).port}\n`);
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch {
    // Whatever it is that has it, or forbids it: another one is taken.
    return false;
  }
  const closed = once(server, 'close');
  server.close();
  await closed;
  return true;
}
