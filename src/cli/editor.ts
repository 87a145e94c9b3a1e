import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { refuse } from '../domain/refusal.ts';
import type { Io } from './io.ts';

/**
 * Has a person edit a text in their own editor (VISUAL or EDITOR) and gives what `read` makes of it. Where
 * that is refused, what was written stays in its file, which the refusal names.
 */
export async function edited<Value>(
  io: Io,
  { name, text }: { name: string; text: string },
  read: (text: string) => Value | Promise<Value>,
): Promise<Value> {
  const editor = io.env['VISUAL'] || io.env['EDITOR'];
  if (editor === undefined || editor === '') {
    throw refuse('invalid', 'There is no editor: set EDITOR, as in EDITOR=vi.');
  }
  const folder = await mkdtemp(path.join(io.env['TMPDIR'] || tmpdir(), 'turnkeep-edit-'));
  const file = path.join(folder, name);
  await writeFile(file, text, { mode: 0o600 });
  await open(io, editor, file);
  const written = await readFile(file, 'utf8');
  try {
    const value = await read(written);
    await rm(folder, { recursive: true });
    return value;
  } catch (error) {
    if (written === text) await rm(folder, { recursive: true });
    else io.err(`What you wrote is kept in ${file}\n`);
    throw error;
  }
}

/** EDITOR may have arguments, so a shell reads it; the file is no part of what it reads. */
async function open(io: Io, editor: string, file: string): Promise<void> {
  const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], {
    stdio: 'inherit',
    cwd: io.cwd,
    env: { ...io.env },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code === 0) return;
  await rm(path.dirname(file), { recursive: true });
  throw refuse('invalid', `The editor ended with ${code ?? 'a signal'}: nothing was changed.`);
}

/** JSON that a person wrote. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refuse('invalid', `${what} is no JSON: ${(error as Error).message}`);
  }
}
