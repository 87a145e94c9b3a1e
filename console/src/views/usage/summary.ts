import { useEffect, useState } from 'react';
import { type Client, type OutputOf, RefusalError } from 'turnkeep/client';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';

export type Summary = OutputOf<'usage.summary'>;
export type UsageRow = Summary['rows'][number];
export type UsageGroup = 'session' | 'agent' | 'model' | 'day' | 'directory';

export interface Summaries {
  day: Summary;
  agent: Summary;
  model: Summary;
  session: Summary;
}

/** What was used since a day, summed up in four ways; read again when runs have ended. */
export function useSummaries(since: string): Summaries | null {
  const { client, list } = useConsole();
  const [told, setTold] = useState<Summaries | null>(null);
  const ended = useEnded(list.rows);
  useEffect(() => {
    const stop = new AbortController();
    readAll(client, since, stop.signal).then(setTold, (error: unknown) => {
      // Nobody answers at the moment; it is asked again with the next run that ends.
      if (!stop.signal.aborted && !(error instanceof RefusalError)) throw error;
    });
    return () => stop.abort();
  }, [client, since, ended]);
  return told;
}

/** Changes with each run that ends. */
function useEnded(rows: ReturnType<typeof useConsole>['list']['rows']): string {
  let latest = '';
  for (const { lastRun } of useCell(rows).values()) {
    if (lastRun !== null && lastRun.endedAt > latest) latest = lastRun.endedAt;
  }
  return latest;
}

async function readAll(client: Client, since: string, signal: AbortSignal): Promise<Summaries> {
  const by = (group: UsageGroup, limit: number) =>
    client.usage.summary({ by: [group], since, limit }, { signal });
  const [day, agent, model, session] = await Promise.all([
    by('day', 100),
    by('agent', 50),
    by('model', 50),
    by('session', 200),
  ]);
  return { day, agent, model, session };
}
