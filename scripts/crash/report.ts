import { type Facts, type Fault, faultKinds } from './facts.ts';
import type { LoopResult } from './loop.ts';

/** What a run came to, as `--json` writes it. */
export interface Summary {
  agent: string;
  seed: number;
  kills: number;
  earlyKills: number;
  seconds: number;
  readyMs: { p50: number; p99: number };
  checked: Record<string, number>;
  faults: readonly Fault[];
}

export function summarise(
  result: LoopResult,
  faults: readonly Fault[],
  run: { agent: string; seed: number; seconds: number },
): Summary {
  const { kills, earlyKills, readyTimes } = result;
  const at = (share: number): number =>
    Math.round(readyTimes[Math.floor((readyTimes.length - 1) * share)] ?? 0);
  const readyMs = { p50: at(0.5), p99: at(0.99) };
  return { ...run, kills, earlyKills, readyMs, checked: counts(result.facts), faults };
}

function counts({ sessions }: Facts): Record<string, number> {
  const sum = (count: (session: Facts['sessions'][number]) => number): number =>
    sessions.reduce((total, session) => total + count(session), 0);
  const kinds = (...wanted: string[]): number =>
    sum(({ log }) => log.filter((entry) => wanted.includes(entry.kind)).length);
  return {
    sessions: sessions.length,
    'entries in the logs': sum(({ log }) => log.length),
    'prompts acknowledged': sum(({ sent }) => sent.filter(isAcknowledged).length),
    'prompts that the agents got': sum(({ agent }) => agent.turns.length),
    'parts of answers that a model was asked for': sum(({ agent }) =>
      (agent.model ?? []).reduce((n, { asked }) => n + asked.reduce((a, b) => a + b, 0), 0),
    ),
    runs: kinds('run_started'),
    'runs that were aborted': kinds('abort'),
    'approvals and questions': kinds('approval', 'question'),
    'decisions told to clients': sum(({ decisions }) => decisions.length),
    'commands that took effect': sum(({ agent }) => Object.keys(agent.effects).length),
    'hosts launched': sum(
      ({ log }) => log.filter((e) => e.kind === 'host' && e.data.state === 'launched').length,
    ),
    subscribers: sum(({ subscribers }) => subscribers.length),
    'connections of subscribers': sum(({ subscribers }) =>
      subscribers.reduce((n, s) => n + s.connections, 0),
    ),
    'entries that subscribers got': sum(({ subscribers }) =>
      subscribers.reduce((n, s) => n + s.entries.length, 0),
    ),
    'texts seen in progress': sum(({ subscribers }) =>
      subscribers.reduce((n, s) => n + s.texts.length, 0),
    ),
  };
}

function isAcknowledged(sent: Facts['sessions'][number]['sent'][number]): boolean {
  return sent.answers.some((answer) => answer.type === 'acknowledged');
}

/** A table of what was checked, the faults, and the line that says it all. */
export function printSummary(summary: Summary, print: (line: string) => void): void {
  const { checked, faults, kills, earlyKills, readyMs, seconds, seed, agent } = summary;
  print('');
  for (const [what, count] of Object.entries(checked))
    print(`  ${String(count).padStart(8)}  ${what}`);
  print(
    `  ${String(readyMs.p50).padStart(8)}  ms from start to ready, p50 (p99 ${readyMs.p99} ms)`,
  );
  print('');
  for (const { kind, session, what } of faults.slice(0, 40)) {
    print(`  ${kind}: ${session === null ? '' : `${session}: `}${what}`);
  }
  if (faults.length > 40) print(`  … and ${faults.length - 40} more`);
  const byKind = faultKinds.map(
    (kind) => `${faults.filter((fault) => fault.kind === kind).length} ${kind}`,
  );
  print(
    `crash loop with ${agent}: ${kills} kills (${earlyKills} before ready), ${byKind.join(', ')}; ` +
      `seed ${seed}, ${Math.round(seconds)} s`,
  );
}
