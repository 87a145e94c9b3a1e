import type { Member } from '../../ports/hosts.ts';
import type { ProcessId } from '../directory/claim.ts';
import type { Processes, ProcessSample } from '../platform/processes.ts';

/** How a host's processes are recognised. Start times are absent where the process ended unseen. */
export interface Roots {
  readonly host: string;
  readonly wrapper?: ProcessId;
  readonly relay?: ProcessId;
  readonly agent?: { readonly pid: number; readonly startTime?: number };
  /** When the agent had ended, in milliseconds since the epoch: its numbers may be another's after that. */
  readonly endedAt?: number;
}

/** Start times come from a clock of hundredths, the end of the agent from the file system's. */
const clockSlackMs = 100;

/**
 * Who belongs to a host, of all processes seen at one moment:
 *
 * - the wrapper, with what it runs to write `exit`, the relay and the agent, by pid and start time;
 * - who has the agent's group or session: finds who changed its group or scrubbed its environment;
 * - who carries the host's marker: finds who made a session of its own;
 * - who descends from any of these now, or was seen to: finds who did both, if it was seen in time.
 *
 * A process with the marker of another host belongs to that one, even if it was started from here.
 */
export function membersAmong(
  samples: readonly ProcessSample[],
  roots: Roots,
  known: ReadonlyMap<number, number>,
): Member[] {
  const present = new Map(samples.map((sample) => [sample.pid, sample]));
  const chosen = new Set<ProcessSample>();
  for (const sample of samples) {
    if (belongs(sample, roots, present) || known.get(sample.pid) === sample.startTime) {
      addWithDescendants(sample, samples, roots.host, chosen);
    }
  }
  return samples
    .filter((sample) => chosen.has(sample))
    .map((sample) => {
      const { pid, startTime, name, startedAt } = sample;
      return { pid, startTime, name, role: roleOf(sample, roots), startedAt };
    });
}

function belongs(
  sample: ProcessSample,
  roots: Roots,
  present: ReadonlyMap<number, ProcessSample>,
): boolean {
  if (sample.marker === roots.host || rootOf(sample, roots) !== undefined) return true;
  const { agent, wrapper } = roots;
  return (
    numberedLike(sample, agent, present, roots.endedAt) || numberedLike(sample, wrapper, present)
  );
}

/**
 * Whether a process has the group or session of a leader of ours. A number is taken by its leader's
 * followers for as long as one is left, and then may be given to others; those began later.
 */
function numberedLike(
  sample: ProcessSample,
  leader: { readonly pid: number; readonly startTime?: number } | undefined,
  present: ReadonlyMap<number, ProcessSample>,
  endedAt = Number.POSITIVE_INFINITY,
): boolean {
  if (leader === undefined) return false;
  if (sample.session !== leader.pid && sample.group !== leader.pid) return false;
  const leaderNow = present.get(leader.pid)?.startTime;
  if (leaderNow !== undefined && leader.startTime !== undefined && leaderNow !== leader.startTime) {
    return false;
  }
  return sample.startedAt <= endedAt + clockSlackMs;
}

function addWithDescendants(
  sample: ProcessSample,
  samples: readonly ProcessSample[],
  host: string,
  chosen: Set<ProcessSample>,
): void {
  const waiting = [sample];
  for (const next of waiting) {
    if (chosen.has(next)) continue;
    chosen.add(next);
    for (const child of samples) {
      if (child.parent === next.pid && (child.marker ?? host) === host) waiting.push(child);
    }
  }
}

function rootOf(sample: ProcessSample, roots: Roots): Member['role'] | undefined {
  const same = (id: Partial<ProcessId> | undefined): boolean =>
    id?.pid === sample.pid && id.startTime === sample.startTime;
  if (same(roots.wrapper)) return 'wrapper';
  if (same(roots.relay)) return 'relay';
  return same(roots.agent) ? 'agent' : undefined;
}

/** What role a member has. It is one already: a session's number alone makes nobody a member. */
function roleOf(sample: ProcessSample, roots: Roots): Member['role'] {
  const root = rootOf(sample, roots);
  if (root !== undefined) return root;
  const { agent, wrapper } = roots;
  // Nobody but its own helpers is in the wrapper's session: ended early, they cost the agent's status.
  const helps = agent !== undefined && sample.pid !== agent.pid && sample.session === wrapper?.pid;
  return helps ? 'wrapper' : 'descendant';
}

/** The processes of one host, and the memory of those seen: it grows with every look. */
export class Crew {
  readonly #processes: Processes;
  readonly #known = new Map<number, number>();
  roots: Roots;

  constructor(processes: Processes, roots: Roots) {
    this.#processes = processes;
    this.roots = roots;
  }

  async look(): Promise<Member[]> {
    const before = [...this.#known];
    const members = membersAmong(await this.#processes.list(), this.roots, this.#known);
    // What another look has found in the meantime stays.
    for (const [pid, startTime] of before) {
      if (this.#known.get(pid) === startTime) this.#known.delete(pid);
    }
    for (const { pid, startTime } of members) this.#known.set(pid, startTime);
    return members;
  }
}
