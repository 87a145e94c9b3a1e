import { CommanderError } from 'commander';
import { isObject } from '../domain/json.ts';
import { type Refusal, type RefusalCode, RefusalError } from '../domain/refusal.ts';
import { exitCode } from '../protocol/error.ts';
import { clean, oneLine } from './clean.ts';
import type { Io } from './io.ts';

/** What can be done about a refusal, where that is the same for each of its kind. */
const advice: Partial<Record<RefusalCode, string>> = {
  unauthenticated: 'Check the token: --token-file FILE or TURNKEEP_TOKEN_FILE.',
  forbidden: 'Use a token with more scopes: `turnkeep token create NAME --scope SCOPE`.',
  busy: 'Try again in a moment.',
  limited: 'Try again later.',
  unavailable: 'Start a daemon with `turnkeep up`, or name one with --url or --state.',
};

/** What shows the things of which one was not found, by the field that named it. */
const lists: Readonly<Record<string, string>> = {
  session: '`turnkeep ls` shows the sessions that there are.',
  run: '`turnkeep runs SESSION` shows its runs.',
  snapshot: '`turnkeep snapshots SESSION` shows its snapshots.',
  approval: '`turnkeep approvals SESSION` shows what waits for an answer.',
  prompt: '`turnkeep queue SESSION` shows the prompts that wait.',
  paths: '`turnkeep diff SESSION` shows the files that were written.',
  at: '`turnkeep show SESSION --json` shows its entries.',
};

/** Tells what went wrong and what to do next; answers the exit code. */
export function reportFailure(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCode.invalid;
  if (error instanceof RefusalError) return reportRefusal(error.refusal, io);
  const told = systemRefusal(error);
  if (told !== null) return reportRefusal(told, io);
  const message = error instanceof Error ? error.message : String(error);
  io.err(`turnkeep: ${clean(message)}\n`);
  return exitCode.internal;
}

/** What the system refuses for a file that a person has named. */
const systemWords: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  ENOTDIR: 'a part of it is no directory',
  EISDIR: 'it is a directory',
  EEXIST: 'it is there already',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'nothing can be written there',
  ENAMETOOLONG: 'the name is too long',
};

/** A mistake in a command line that only the system could find; null for anything else. */
function systemRefusal(error: unknown): Refusal | null {
  if (!(error instanceof Error)) return null;
  const { code = '', path, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') {
    const message = `Port ${port} is taken. Another one: --port PORT, or 0 for any that is free.`;
    return { code: 'conflict', message };
  }
  const words = systemWords[code];
  if (words === undefined || path === undefined) return null;
  return { code: 'invalid', message: `${path}: ${words}.` };
}

function reportRefusal(refusal: Refusal, io: Io): number {
  io.err(`turnkeep: ${clean(refusal.message)}\n`);
  for (const name of ['candidates', 'paths']) {
    const meant = refusal.data?.[name];
    if (Array.isArray(meant)) for (const one of meant) io.err(`  ${candidateLine(one)}\n`);
  }
  const next = adviceFor(refusal);
  if (next !== undefined && !refusal.message.includes('turnkeep ')) io.err(`${next}\n`);
  return exitCode[refusal.code];
}

function adviceFor({ code, field, data }: Refusal): string | undefined {
  if (code === 'not_found') return lists[field ?? ''];
  // A budget that is spent does not come back with time.
  return code === 'limited' && data?.['spent'] !== undefined ? raise : advice[code];
}

const raise =
  '`turnkeep budget SESSION` shows it; a higher limit, or --none, lets the work go on. Without a session it is that of all.';

/** One of those that a refusal is about: a path, or a session by its id and by what else it goes. */
function candidateLine(one: unknown): string {
  if (typeof one === 'string') return oneLine(one);
  if (!isObject(one)) return oneLine(JSON.stringify(one));
  const texts = ['id', 'key', 'label', 'title'].map((name) => one[name]);
  return texts.flatMap((text) => (typeof text === 'string' ? [oneLine(text, 80)] : [])).join('  ');
}
