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
  not_found: '`turnkeep ls` shows the sessions that there are.',
  busy: 'Try again in a moment.',
  limited: 'Try again later.',
  unavailable: 'Start a daemon with `turnkeep up`, or name one with --url or --state.',
};

/** Tells what went wrong and what to do next; answers the exit code. */
export function reportFailure(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCode.invalid;
  if (error instanceof RefusalError) return reportRefusal(error.refusal, io);
  const message = error instanceof Error ? error.message : String(error);
  io.err(`turnkeep: ${clean(message)}\n`);
  return exitCode.internal;
}

function reportRefusal(refusal: Refusal, io: Io): number {
  io.err(`turnkeep: ${clean(refusal.message)}\n`);
  const candidates = refusal.data?.['candidates'];
  if (Array.isArray(candidates)) {
    for (const one of candidates) io.err(`  ${candidateLine(one)}\n`);
  }
  const next = advice[refusal.code];
  if (next !== undefined && !refusal.message.includes('turnkeep ')) io.err(`${next}\n`);
  return exitCode[refusal.code];
}

/** One of those that a name may have meant: its id, and by what else it goes. */
function candidateLine(one: unknown): string {
  if (typeof one === 'string') return oneLine(one);
  if (!isObject(one)) return oneLine(JSON.stringify(one));
  const texts = ['id', 'key', 'label', 'title'].map((name) => one[name]);
  return texts.flatMap((text) => (typeof text === 'string' ? [oneLine(text, 80)] : [])).join('  ');
}
