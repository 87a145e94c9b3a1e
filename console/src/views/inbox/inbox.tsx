import { type ReactNode, useEffect, useState } from 'react';
import { type OutputOf, RefusalError } from 'turnkeep/client';
import { WithAgents } from '../../approvals/agents.tsx';
import { ApprovalCard } from '../../approvals/approval-card.tsx';
import { BypassBar } from '../../approvals/bypass.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { age } from '../../text/time.ts';
import { titleOf } from '../list/session-line.tsx';

type Open = OutputOf<'approvals.list'>['approvals'];

/** The server tells so many at once; the others come up as these are decided. */
const atMost = 200;
/** So many are on the page at first. */
const firstShown = 25;

/** Every open question over all sessions, to be answered here; what waits longest stands first. */
export function Inbox(): ReactNode {
  const { list } = useConsole();
  const rows = useCell(list.rows);
  const [most, setMost] = useState(firstShown);
  const open = useOpenApprovals();
  const bypassed = [...rows.values()].filter(({ policy }) => policy.bypassUntil !== null);
  return (
    <div className="page">
      <div className="page-inside">
        <h1>
          Inbox
          {open !== null && open.length > 0 && (
            <span className="hint"> {open.length} wait for you</span>
          )}
        </h1>
        {bypassed.map((row) => (
          <section key={row.id} className="inbox-item" aria-label={titleOf(row)}>
            <SessionLink session={row.id} />
            <BypassBar row={row} />
          </section>
        ))}
        {open?.length === 0 && <p className="hint">Nobody waits for you.</p>}
        <WithAgents>
          {open?.slice(0, most).map(({ session, entry }) => (
            <section key={entry.id} className="inbox-item">
              <SessionLink session={session} at={entry.at} />
              <ApprovalCard session={session} entry={entry} />
            </section>
          ))}
        </WithAgents>
        {open !== null && open.length > most && (
          <button type="button" className="button" onClick={() => setMost(most + firstShown)}>
            {open.length - most} more
          </button>
        )}
        {open?.length === atMost && <p className="hint">These are the first {atMost}.</p>}
      </div>
    </div>
  );
}

function SessionLink({ session, at }: { session: string; at?: string }): ReactNode {
  const { list, router, now } = useConsole();
  const row = useCell(list.rows).get(session);
  const time = useCell(now);
  return (
    <button
      type="button"
      className="quiet inbox-session"
      onClick={() => router.go({ view: 'session', session, seq: null })}
    >
      <bdi>{row === undefined ? session : titleOf(row)}</bdi>
      {at !== undefined && <span className="age">{age(at, time)}</span>}
    </button>
  );
}

/** The list of the server, asked for again whenever the rows say that a number has changed. */
function useOpenApprovals(): Open | null {
  const { client, list } = useConsole();
  const rows = useCell(list.rows);
  const waiting = rows
    .values()
    .filter(({ openApprovals }) => openApprovals > 0)
    .map(({ id, openApprovals, lastSeq }) => `${id}:${openApprovals}:${lastSeq}`)
    .toArray()
    .join(' ');
  const [open, setOpen] = useState<Open | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    client.approvals.list({ limit: atMost }, { signal: stop.signal }).then(
      ({ approvals }) =>
        setOpen(
          approvals.toSorted((a, b) =>
            a.entry.at < b.entry.at ? -1 : a.entry.at > b.entry.at ? 1 : 0,
          ),
        ),
      (error: unknown) => {
        // Nobody answers at the moment: the rows come again when the daemon does.
        if (!stop.signal.aborted && !(error instanceof RefusalError)) throw error;
      },
    );
    return () => stop.abort();
  }, [client, waiting]);
  return open;
}
