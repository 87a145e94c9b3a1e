import { type ReactNode, useEffect, useMemo, useState } from 'react';
import type { Route } from '../../router.ts';
import { useCell } from '../../state/cell.ts';
import { useConsole, useRow } from '../../state/context.ts';
import type { SessionLog } from '../../state/session-log.ts';
import { Banners } from './banners.tsx';
import { Composer } from './composer.tsx';
import { OpenQuestions } from './open-questions.tsx';
import { SessionContext } from './session-context.ts';
import { SessionHead } from './session-head.tsx';
import { Timeline } from './timeline.tsx';
import './session.css';

type SessionRoute = Extract<Route, { view: 'session' }>;

/** One session: head, log, what is asked, and the composer. */
export function SessionView({ route }: { route: SessionRoute }): ReactNode {
  const { session, seq, base = null } = route;
  const console = useConsole();
  const at = useMemo(() => (seq === null ? null : { base, seq }), [base, seq]);
  // The place is only where it opens; later ones are gone to by the log that is open.
  const [tries, setTries] = useState(0);
  const log = useMemo(() => console.log(session, at), [console, session, tries]);
  const problem = useCell(log.problem);
  const listed = useRow(session);
  const told = useCell(log.row);
  const row = listed ?? told ?? undefined;
  useSeen(log);
  if (problem !== null) {
    return (
      <div className="nothing" role="alert">
        <p>{problem.message}</p>
        <p className="nothing-ways">
          <button
            type="button"
            className="button"
            onClick={() => console.router.go({ view: 'sessions' })}
          >
            All sessions
          </button>
          <button type="button" className="button" onClick={() => setTries(tries + 1)}>
            Try again
          </button>
        </p>
      </div>
    );
  }
  return (
    <SessionContext value={log}>
      <section className="session" aria-label="Session">
        <SessionHead row={row} />
        <Banners row={row} />
        <Timeline log={log} at={at} />
        <OpenQuestions />
        <Composer row={row} />
      </section>
    </SessionContext>
  );
}

/** What is on a page that somebody looks at has been seen. */
function useSeen(log: SessionLog): void {
  const console = useConsole();
  const { entries, toEnd } = useCell(log.window);
  const last = entries.at(-1)?.seq;
  useEffect(() => {
    if (last === undefined || !toEnd) return;
    const mark = () => {
      if (!document.hidden) console.markSeen(log.id, last);
    };
    mark();
    document.addEventListener('visibilitychange', mark);
    return () => document.removeEventListener('visibilitychange', mark);
  }, [console, log, last, toEnd]);
}
