import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentFile } from '../../ports/agent-program.ts';

/**
 * Writes the texts that the agent gets as files; gives the arguments that name them. Files of a launch that
 * was never claimed are written anew.
 */
export async function writeFiles(
  directory: string,
  files: readonly AgentFile[],
): Promise<readonly string[]> {
  if (files.length === 0) return [];
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const args: string[] = [];
  for (const [at, { option, content }] of files.entries()) {
    const path = join(directory, String(at));
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    args.push(`${option}=${path}`);
  }
  return args;
}
