import type { Log } from './log.ts';
import { RefusalError } from '../domain/refusal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Hosts } from '../ports/hosts.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Archivist } from './archivist.ts';
import type { StartReport } from './engine.ts';
import type { Registry } from './registry.ts';

export interface Recovery {
  report: StartReport;
  done: Promise<void>;
}

export interface RecoveryContext {
  store: Store;
  hosts: Hosts;
  registry: Registry;
  archivist: Archivist;
  /** Times what has to be timed about a session. */
  look: (actor: SessionActor) => void;
  clock: Clock;
  log: Log;
}

interface Report {
  continued: number;
  ended: number;
  lost: number;
  setAside: { session: string; reason: string }[];
}

const together = 16;
const retryMs = 1000;

/**
 * The start of a daemon: every session with a host is loaded, its host found again or settled. A session
 * that cannot be loaded is set aside and named; the others serve. Commands to a session wait for its own
 * recovery only.
 */
export function recoverAll(context: RecoveryContext): Recovery {
  const report: Report = { continued: 0, ended: 0, lost: 0, setAside: [] };
  const done = recover(context, report).catch((error: unknown) => {
    context.log('recovery', { message: String(error) });
  });
  return { report, done };
}

async function recover(context: RecoveryContext, report: Report): Promise<void> {
  // Directories first, rows after: a row is committed before its directory is made, so what has a
  // directory now and no row then is over.
  const directories = await context.hosts.strays(new Set());
  const rows = await context.store.openHosts();
  const sessions = [...new Set(rows.map((row) => row.session))];
  const next = sessions.values();
  const workers = Array.from({ length: together }, async () => {
    for (const session of next) await recoverOne(context, session, report);
  });
  await Promise.all(workers);
  const ended = await context.store.endedHosts();
  // Nothing of them is to be ended: that was done before their end was stored.
  for (const { host } of ended) context.archivist.add(host);
  context.archivist.begin();
  const known = new Set([...rows, ...ended].map((row) => row.host));
  await endStrays(
    context,
    directories.filter((host) => !known.has(host)),
  );
}

async function recoverOne(
  context: RecoveryContext,
  session: string,
  report: Report,
): Promise<void> {
  try {
    const found = await context.registry.recover(session);
    if (found === 'continued') report.continued += 1;
    if (found === 'lost') report.lost += 1;
    if (found === 'never-started') report.ended += 1;
    context.look(await context.registry.get(session));
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    report.setAside.push({ session, reason });
    context.log('session.set-aside', { session, reason });
    if (passes(error)) tryAgain(context, session);
  }
}

/** A store that takes nothing, as on a full disk; what cannot be read stays so. */
function passes(error: unknown): boolean {
  const code = error instanceof RefusalError ? error.refusal.code : null;
  return code === 'unavailable' || code === 'internal';
}

/** Its run waits for its end, also where no client asks for it (R7 L9). */
function tryAgain(context: RecoveryContext, session: string): void {
  const { clock, registry, look } = context;
  clock.after(retryMs, () => {
    if (registry.closed) return;
    registry
      .get(session)
      .then((actor) => look(actor))
      .catch((error: unknown) => {
        if (passes(error)) tryAgain(context, session);
      });
  });
}

/** Directories of hosts whose files are settled already: what is left of them goes. */
async function endStrays(context: RecoveryContext, strays: readonly string[]): Promise<void> {
  for (const host of strays) {
    const found = await context.hosts.recover(host);
    if (found.state !== 'never-started') {
      await found.host.sweep();
      found.host.release();
    }
    await context.hosts.remove(host);
  }
}
