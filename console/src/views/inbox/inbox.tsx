import { type ReactNode, useEffect, useState } from 'react';
import { type OutputOf, RefusalError } from 'turnkeep/client';
import { ApprovalCard } from '../../approvals/approval-card.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { titleOf } from '../list/session-line.tsx';

type Open = OutputOf<'approvals.list'>['approvals'];

/** Every open question over all sessions, to be answered here. */
export function Inbox(): ReactNode {
  const { list, router } = useConsole();
  const rows = useCell(list.rows);
  const open = useOpenApprovals();
  return (
    <div className="page">
      <div className="page-inside">
        <h1>Inbox</h1>
        {open?.length === 0 && <p className="hint">Nobody waits for you.</p>}
        {open?.map(({ session, entry }) => {
          const row = rows.get(session);
          return (
            <section key={entry.id} className="inbox-item">
              <button
                type="button"
                className="quiet inbox-session"
                onClick={() => router.go({ view: 'session', session, seq: null })}
              >
                {row === undefined ? session : titleOf(row)}
              </button>
              <ApprovalCard session={session} entry={entry} />
            </section>
          );
        })}
      </div>
    </div>
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
    client.approvals.list({ limit: 200 }, { signal: stop.signal }).then(
      ({ approvals }) => setOpen(approvals),
      (error: unknown) => {
        // Nobody answers at the moment: the rows come again when the daemon does.
        if (!stop.signal.aborted && !(error instanceof RefusalError)) throw error;
      },
    );
    return () => stop.abort();
  }, [client, waiting]);
  return open;
}
