import { type ReactNode, useEffect, useState } from 'react';
import { RefusalError, type SessionRow } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { DecideButton } from './decide-button.tsx';
import './approvals.css';

const minute = 60_000;
const times = [5, 15, 60] as const;

/** Changes for how long nothing is asked; null asks again from now on. */
function useBypass(session: string) {
  const { client } = useConsole();
  const [problem, setProblem] = useState<string | null>(null);
  const set = async (bypassMs: number | null) => {
    setProblem(null);
    try {
      await client.sessions.patch({ session, policy: { bypassMs } });
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      setProblem(error.refusal.message);
    }
  };
  return { set, problem };
}

/** For how long the agent of a session is asked nothing. What it has asked already waits on. */
export function BypassChoice({ session }: { session: string }): ReactNode {
  const { set, problem } = useBypass(session);
  return (
    <div className="panel">
      <p className="why">
        The agent may do what it likes for that time, but for what a rule denies or asks about. This
        question waits on.
      </p>
      <div className="ways">
        {times.map((time) => (
          <DecideButton key={time} tone="danger" onClick={() => void set(time * minute)}>
            For {time} minutes
          </DecideButton>
        ))}
      </div>
      {problem !== null && (
        <p className="problem" role="alert">
          {oneLine(problem, 300)}
        </p>
      )}
    </div>
  );
}

/** While nothing is asked: for how long yet, and a way to end it. */
export function BypassBar({ row }: { row: SessionRow }): ReactNode {
  const { bypassUntil } = row.policy;
  const { set, problem } = useBypass(row.id);
  const left = useLeft(bypassUntil);
  if (left === null) return null;
  return (
    <p className="banner bad bypass">
      <span>
        Nothing is asked for another <time role="timer">{left}</time>.
        {problem !== null && ` ${oneLine(problem, 300)}`}
      </span>
      <button type="button" className="quiet" onClick={() => void set(null)}>
        Ask again now
      </button>
    </p>
  );
}

/** Minutes and seconds by the daemon's clock, counted by the second; its end is for the daemon to tell. */
function useLeft(until: string | null): string | null {
  const { clock } = useConsole();
  const [now, setNow] = useState(clock.now);
  useEffect(() => {
    if (until === null) return undefined;
    const tick = () => setNow(clock.now());
    tick();
    const unwatch = clock.watch(tick);
    const timer = setInterval(tick, 1000);
    return () => {
      unwatch();
      clearInterval(timer);
    };
  }, [clock, until]);
  if (until === null) return null;
  const seconds = Math.max(0, Math.ceil((Date.parse(until) - now) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
