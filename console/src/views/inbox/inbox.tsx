import { type ReactNode, useState } from 'react';
import { WithAgents } from '../../approvals/agents.tsx';
import { ApprovalCard } from '../../approvals/approval-card.tsx';
import { BypassBar } from '../../approvals/bypass.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { useAnswer } from '../../state/question.ts';
import { exact, exactLine, oneLine } from '../../text/harmless.ts';
import { age } from '../../text/time.ts';
import { titleOf } from '../list/session-line.tsx';

/** The server tells so many at once; the others come up as these are decided. */
const atMost = 200;
/** So many are on the page at first. */
const firstShown = 25;

/** Every open question over all sessions, to be answered here; what waits longest stands first. */
export function Inbox(): ReactNode {
  const { list } = useConsole();
  const rows = useCell(list.rows);
  const [most, setMost] = useState(firstShown);
  const { open, problem, again } = useOpenApprovals();
  const bypassed = [...rows.values()].filter(({ policy }) => policy.bypassUntil !== null);
  return (
    <div className="page">
      <div className="page-inside">
        <h1>
          Inbox
          {open !== null && open.length > 0 && (
            <span className="hint">
              {' '}
              {open.length} {open.length === 1 ? 'waits' : 'wait'} for you
            </span>
          )}
        </h1>
        {bypassed.map((row) => (
          <section key={row.id} className="inbox-item" aria-label={titleOf(row)}>
            <SessionLink session={row.id} />
            <BypassBar row={row} />
          </section>
        ))}
        {problem !== null && (
          <p className="composer-problem" role="alert">
            {oneLine(problem, 300)}{' '}
            <button type="button" className="quiet" onClick={again}>
              Try again
            </button>
          </p>
        )}
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
      <bdi className="inbox-title">{row === undefined ? session : titleOf(row)}</bdi>
      {row !== undefined && (
        <span className="inbox-where">
          {row.agent}
          {row.cwd !== '' && (
            <>
              {' · '}
              <bdi title={exact(row.cwd)}>
                {exactLine(row.cwd.split('/').at(-1) ?? row.cwd, 80)}
              </bdi>
            </>
          )}
        </span>
      )}
      {at !== undefined && <span className="age">{age(at, time)}</span>}
    </button>
  );
}

/** The list of the server, asked for again whenever the rows say that a number has changed. */
function useOpenApprovals() {
  const { client, list } = useConsole();
  const rows = useCell(list.rows);
  const waiting = rows
    .values()
    .filter(({ openApprovals }) => openApprovals > 0)
    .map(({ id, openApprovals, lastSeq }) => `${id}:${openApprovals}:${lastSeq}`)
    .toArray()
    .join(' ');
  const { answer, ...more } = useAnswer(waiting, async (signal) => {
    const { approvals } = await client.approvals.list({ limit: atMost }, { signal });
    return approvals.toSorted((a, b) => Date.parse(a.entry.at) - Date.parse(b.entry.at));
  });
  return { open: answer, ...more };
}
