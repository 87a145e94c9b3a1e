import { type ReactNode, useEffect, useState } from 'react';
import type { Entry } from 'turnkeep/client';
import { useConsole, useRow } from '../state/context.ts';
import type { Item } from '../state/timeline.ts';
import { count, money, sumOf } from '../text/amounts.ts';
import { oneLine } from '../text/harmless.ts';
import { duration } from '../text/time.ts';
import { useLog } from '../views/session/session-context.ts';
import { Time } from './time.tsx';

type Reports = Extract<Entry, { kind: 'usage' }>['data'];
type Cost = NonNullable<Reports['cost']> | null;

/** The head of a run: with which model, since when, how long, and what it has used so far. */
export function RunHead({ item }: { item: Item }): ReactNode {
  const row = useRow(useLog().id);
  const [started] = item.entries;
  const ended = item.entries.find((entry) => entry.kind === 'run_ended');
  const lasts = useLasting(started?.at, ended?.kind === 'run_ended' ? ended.data.durationMs : null);
  if (started?.kind !== 'run_started') return null;
  const reports = reportsOf(item.entries);
  const models = [...new Set(reports.flatMap(({ model }) => model ?? []))];
  const model = models.length > 0 ? models.join(', ') : row?.modelInForce?.id;
  const usage = ended?.kind === 'run_ended' ? ended.data.usage : sumOfReports(reports);
  const tokens = sumOf(usage.tokens);
  return (
    <p className="run-head">
      <span className="run-line" />
      {started.data.trigger === 'agent' && <span>by itself</span>}
      {model !== undefined && <bdi>{oneLine(model, 60)}</bdi>}
      <Time at={started.at} after={item.after} />
      {lasts !== null && <span>{lasts}</span>}
      {tokens > 0 && <span title={detail(usage.tokens)}>{count(tokens)} tokens</span>}
      {usage.cost !== null && <span>{money(usage.cost)}</span>}
      <span className="run-line" />
    </p>
  );
}

/** Of reports with one key the last one counts. */
function reportsOf(entries: readonly Entry[]): Reports[] {
  const byKey = new Map<string, Reports>();
  for (const entry of entries) if (entry.kind === 'usage') byKey.set(entry.data.key, entry.data);
  return [...byKey.values()];
}

function sumOfReports(reports: readonly Reports[]) {
  const tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, thought: 0 };
  let cost: Cost = null;
  for (const report of reports) {
    for (const name of Object.keys(tokens) as (keyof typeof tokens)[])
      tokens[name] += report.tokens[name];
    cost = added(cost, report.cost);
  }
  return { tokens, cost };
}

/** Amounts of two currencies are never added up. */
function added(sum: Cost, cost: Reports['cost']): Cost {
  if (sum === null || cost === undefined) return cost ?? sum;
  if (sum.currency !== cost.currency) return sum;
  const estimate = sum.estimate === true || cost.estimate === true;
  return { ...sum, amount: sum.amount + cost.amount, ...(estimate ? { estimate: true } : {}) };
}

function detail({ input, output, cacheRead, cacheWrite, thought }: Reports['tokens']): string {
  return [
    `${input.toLocaleString()} in`,
    `${output.toLocaleString()} out`,
    `${cacheRead.toLocaleString()} read from the cache`,
    `${cacheWrite.toLocaleString()} written to it`,
    ...(thought > 0 ? [`${thought.toLocaleString()} thought`] : []),
  ].join(', ');
}

/** How long it took; counted on while it runs. */
function useLasting(since: string | undefined, ms: number | null): string | null {
  const { clock } = useConsole();
  const [now, setNow] = useState(clock.now);
  useEffect(() => {
    if (ms !== null) return undefined;
    const timer = setInterval(() => setNow(clock.now()), 1000);
    return () => clearInterval(timer);
  }, [clock, ms]);
  if (ms !== null) return duration(ms);
  if (since === undefined) return null;
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  return seconds === 0 ? null : duration(seconds * 1000);
}
