import { setTimeout as delay } from 'node:timers/promises';
import type { Proof } from '../../domain/entry.ts';
import type { Member, StartWindow } from '../../ports/hosts.ts';
import type { Processes } from '../platform/processes.ts';
import type { Crew } from './crew.ts';
import { sendTo } from './signal.ts';

type How = Proof['ended'][number]['how'];

/** From SIGTERM to SIGKILL. The caller's ladder has asked politely before; this is for what it did not reach. */
const graceMs = 1000;
/** From the agent's end until the wrapper has written `exit` and ended by itself. */
const wrapperMs = 2000;
/** Processes in an uninterruptible sleep outlast SIGKILL: then the proof says that they are not gone. */
const killMs = 5000;
const killRoundMs = 100;

/** Whom a host's sweeps and signals were meant for and how they ended, over all steps of a ladder. */
export type Toll = Map<string, { readonly member: Member; readonly how: How }>;

/**
 * Whom a sweep with bounds is for; nothing where there are none. Start times are only as exact as `grainMs`:
 * in doubt a process belongs to what came next, and is spared.
 */
export function startedWithin(
  { startedAfter, startedBefore }: StartWindow,
  grainMs: number,
): ((member: Member) => boolean) | undefined {
  if (startedAfter === undefined && startedBefore === undefined) return undefined;
  const after = startedAfter ?? Number.NEGATIVE_INFINITY;
  const last = (startedBefore ?? Number.POSITIVE_INFINITY) - grainMs;
  return ({ role, startedAt }) => role === 'descendant' && startedAt > after && startedAt <= last;
}

/**
 * Ends the members that `wanted` selects, by SIGTERM, then SIGKILL, until two looks in a row find none. The
 * wrapper and the relay are left to end by themselves after the agent, so that `exit` tells the truth.
 */
export async function sweep(
  crew: Crew,
  processes: Processes,
  wanted: (member: Member) => boolean,
  record: Toll = new Map(),
): Promise<Proof> {
  const context = { crew, processes, record };
  const supports = (member: Member): boolean =>
    member.role === 'wrapper' || member.role === 'relay';
  const present = (await crew.look()).filter(wanted);
  for (const member of present.filter(supports)) record.set(key(member), { member, how: 'exited' });
  await terminate(
    context,
    present.filter((member) => !supports(member)),
  );
  await kill(context, (member) => wanted(member) && !supports(member));
  await letEnd(context, (member) => wanted(member) && supports(member));
  const left = await kill(context, wanted);
  const remaining = new Set(left.map(key));
  const ended = [...record].flatMap(
    ([
      id,
      {
        member: { pid, startTime, name },
        how,
      },
    ]) => (remaining.has(id) ? [] : [{ pid, startTime, name, how }]),
  );
  return { method: processes.proof, ended, gone: left.length === 0 };
}

interface Context {
  crew: Crew;
  processes: Processes;
  record: Toll;
}

/** SIGCONT goes with SIGTERM: a stopped process takes a signal only when it goes on. */
async function terminate(context: Context, targets: readonly Member[]): Promise<void> {
  await Promise.all(
    targets.map(async (member) => {
      const sent = await sendTo(context.processes, member, 'SIGTERM');
      const how = sent ? 'terminated' : (context.record.get(key(member))?.how ?? 'exited');
      context.record.set(key(member), { member, how });
      if (sent) await sendTo(context.processes, member, 'SIGCONT');
    }),
  );
  await untilGone(context.processes, targets, graceMs);
}

/** What is left when the time is over: nothing, but for what even SIGKILL does not end. */
async function kill(context: Context, wanted: (member: Member) => boolean): Promise<Member[]> {
  const deadline = performance.now() + killMs;
  let left: Member[] = [];
  for (let empty = 0; empty < 2;) {
    left = (await context.crew.look()).filter(wanted);
    empty = left.length === 0 ? empty + 1 : 0;
    if (left.length > 0 && performance.now() > deadline) return left;
    await Promise.all(
      left.map(async (member) => {
        const sent = await sendTo(context.processes, member, 'SIGKILL');
        const how = sent ? 'killed' : (context.record.get(key(member))?.how ?? 'exited');
        context.record.set(key(member), { member, how });
      }),
    );
    await untilGone(context.processes, left, killRoundMs);
  }
  return left;
}

async function letEnd(context: Context, wanted: (member: Member) => boolean): Promise<void> {
  const targets = (await context.crew.look()).filter(wanted);
  for (const member of targets) {
    context.record.set(key(member), { member, how: 'exited' });
    await sendTo(context.processes, member, 'SIGCONT');
  }
  await untilGone(context.processes, targets, wrapperMs);
}

/** They are not our children, so there is no event of their end: looks at growing distances. */
async function untilGone(
  processes: Processes,
  targets: readonly Member[],
  limitMs: number,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  let left = targets;
  for (let pause = 1; ; pause = Math.min(pause * 2, 25)) {
    const alive = await Promise.all(
      left.map(async ({ pid, startTime }) => (await processes.startTime(pid)) === startTime),
    );
    left = left.filter((_member, index) => alive[index] === true);
    if (left.length === 0 || performance.now() > deadline) return;
    await delay(pause);
  }
}

export function key(member: Pick<Member, 'pid' | 'startTime'>): string {
  return `${member.pid} ${member.startTime}`;
}
