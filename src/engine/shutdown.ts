import type { RunEnded } from '../domain/entry.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { ShutRun } from './engine.ts';
import type { Supervisor } from './supervisor.ts';
import { within } from './within.ts';

/** A step of stopping a session may take this long before the next one; the ladder ends well within it. */
const stopMs = 15_000;

/** The sessions that have a host, with those whose first prompt is being stored at this moment. */
export async function withHosts(
  actors: readonly SessionActor[],
  clock: Clock,
): Promise<readonly SessionActor[]> {
  const hostless = actors.filter((actor) => actor.grip === null);
  await Promise.all(hostless.map((actor) => within(actor.settled(), stopMs, clock)));
  return actors.filter((actor) => actor.grip !== null);
}

/** Ends a session's run by the ladder, then its host, and waits until both ends are stored. */
export async function stopSession(
  actor: SessionActor,
  supervisor: Supervisor,
  ports: { clock: Clock; store: Store },
): Promise<ShutRun> {
  const run = actor.state.run?.id ?? null;
  if (run !== null) {
    const command = { type: 'abort', force: false, reason: 'stop', queue: 'keep' } as const;
    const asked = actor.post({ command, by: { type: 'server' }, ownId: false });
    // Where the intent cannot be written, on a full disk, the host is ended all the same.
    const taken = await asked.then(() => true).catch(() => false);
    if (taken) await within(actor.runEnded(run), stopMs, ports.clock);
  }
  await within(supervisor.stopHost(actor, 'stop'), stopMs, ports.clock);
  await within(actor.hostGone(), stopMs, ports.clock);
  const ended = run === null ? null : await terminalOf(actor.id, run, ports.store);
  return { session: actor.id, run, outcome: ended?.outcome ?? null };
}

/** A session whose agent works on without a daemon. */
export function detached(actor: SessionActor): ShutRun {
  return { session: actor.id, run: actor.state.run?.id ?? null, outcome: null };
}

/** The terminal entry's data of a run, null while it is open. */
export async function terminalOf(
  session: string,
  run: string,
  store: Store,
): Promise<RunEnded | null> {
  const ended = (await store.run(session, run))?.ended ?? null;
  return ended === null ? null : (JSON.parse(ended) as RunEnded);
}
