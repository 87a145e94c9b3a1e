import type { Proof } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Host } from '../ports/hosts.ts';
import type { Log } from './log.ts';
import { within } from './within.ts';

const sweepTries = 5;
const retryMs = 1000;

/**
 * The upper part of the ladder (R5), for a host whose end is decided and in the log:
 *
 *   SIGTERM to the group ──3 s──▶ SIGKILL and sweep, until the agent has ended
 *
 * Answers null when it has ended. A process that nobody can end, or a system without a free file, does not
 * keep its run open for ever: then the last proof is answered, which says that something is left.
 */
export async function endHost(
  host: Host,
  options: { terminate: boolean; clock: Clock; log: Log },
): Promise<Proof | null> {
  const { terminate, clock, log } = options;
  if (terminate && (await terminated(host, clock, log))) return null;
  let proof: Proof = { method: 'swept', ended: [], gone: false };
  for (let tries = 0; tries < sweepTries; tries++) {
    try {
      proof = await host.sweep();
      if (await within(host.ended, limits.killMs, clock)) return null;
    } catch (error) {
      log('host.sweep', { host: host.id, message: String(error) });
      await pause(retryMs, clock);
    }
  }
  return proof;
}

async function terminated(host: Host, clock: Clock, log: Log): Promise<boolean> {
  try {
    await host.signal('SIGTERM');
  } catch (error) {
    log('host.signal', { host: host.id, message: String(error) });
    return false;
  }
  return within(host.ended, limits.terminateMs, clock);
}

function pause(ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
