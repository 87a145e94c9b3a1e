import type { ReactNode } from 'react';
import type { EntryOf } from 'turnkeep/client';
import { RunFiles } from '../history/entry-actions.tsx';
import type { Item } from '../state/timeline.ts';
import { oneLine } from '../text/harmless.ts';
import { duration } from '../text/time.ts';
import { Time } from './time.tsx';
import { useLog } from '../views/session/session-context.ts';

/** The end of a run: how it ended, and what it took. */
export function EndItem({ item }: { item: Item }): ReactNode {
  const { id: session } = useLog();
  const [entry] = item.entries;
  if (entry?.kind !== 'run_ended') return null;
  const { outcome, error, proof, durationMs } = entry.data;
  return (
    <div className={`end ${outcome}`}>
      <p className="end-line">
        <span className="end-outcome">{outcome}</span>
        <span>{duration(durationMs)}</span>
        <Time at={entry.at} after={new Date(Date.parse(entry.at) - durationMs).toISOString()} />
        {item.changed && entry.runId !== undefined && (
          <RunFiles session={session} run={entry.runId} />
        )}
      </p>
      {error !== undefined && <p className="end-error">{errorText(error)}</p>}
      {error?.category === 'launch' && (
        <p className="end-help">
          The agent was told nothing: what it should do waits in the queue. Mend this, then let the
          queue go on. <code>turnkeep doctor</code> tries the agent and says what it lacks.
        </p>
      )}
      {proof !== undefined && (
        <p className="end-proof">
          {proof.ended.length === 0
            ? 'No process was left.'
            : `${proof.ended.length} processes ended, ${proof.gone ? 'none is left' : 'some may be left'}.`}
        </p>
      )}
    </div>
  );
}

function errorText({
  category,
  message,
  status,
}: NonNullable<EntryOf<'run_ended'>['data']['error']>): string {
  const number = status === undefined ? '' : ` ${status}`;
  return `${category}${number}: ${oneLine(message, 600)}`;
}
