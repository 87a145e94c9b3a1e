import { constants } from 'node:os';
import type { HostExit } from '../../ports/hosts.ts';

const lastSignal = 31;

/**
 * What a shell's status says. It is 128 + n for an agent that signal n ended, and a shell cannot tell that
 * from an agent that exits with 128 + n by itself; agents that catch a signal do so to say just this. So
 * such a status is told as the signal, whoever said it; nothing is lost: the status is 128 + its number.
 */
export function exitOfStatus(status: number): HostExit {
  const number = status - 128;
  if (number < 1 || number > lastSignal) return { exitCode: status, signal: null, witnessed: true };
  for (const [signal, value] of Object.entries(constants.signals)) {
    if (value === number) return { exitCode: null, signal, witnessed: true };
  }
  return { exitCode: status, signal: null, witnessed: true };
}
