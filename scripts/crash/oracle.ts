import type { Fault, Facts, SessionFacts } from './facts.ts';
import { judgeApprovals } from './oracle/approvals.ts';
import { judgeLog } from './oracle/log.ts';
import { judgeModel } from './oracle/model.ts';
import { judgePrompts } from './oracle/prompts.ts';
import { judgeRuns } from './oracle/runs.ts';
import { judgeSubscribers } from './oracle/subscribers.ts';

/** Judges one session from one side. */
export type Judge = (session: SessionFacts) => Iterable<Omit<Fault, 'session'>>;

const judges: readonly Judge[] = [
  judgeLog,
  judgeRuns,
  judgePrompts,
  judgeApprovals,
  judgeModel,
  judgeSubscribers,
];

/** Everything in the facts that must not be; nothing when no turn was lost. A pure function. */
export function judge(facts: Facts): Fault[] {
  const whole: Fault[] = [
    ...facts.storeFaults.map((what) => ({ kind: 'state' as const, session: null, what })),
    ...facts.daemonFaults.map((what) => ({ kind: 'daemon' as const, session: null, what })),
    ...facts.leftovers.map((what) => ({ kind: 'left' as const, session: null, what })),
  ];
  for (const session of facts.sessions) {
    for (const each of judges) {
      for (const fault of each(session)) whole.push({ ...fault, session: session.id });
    }
  }
  return whole;
}
