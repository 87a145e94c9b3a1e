import { useCallback, useState } from 'react';
import { RefusalError } from 'turnkeep/client';

export interface Attempt {
  /** Why the last one was refused. */
  problem: string | null;
  /** What of the wish that is about; null where it is about no field. */
  field: string | null;
  busy: boolean;
  /** Resolves with whether it was done. */
  attempt: (run: () => Promise<unknown>) => Promise<boolean>;
  /** Says something that is not from the daemon, or takes back what was said. */
  say: (problem: string | null) => void;
}

/** Something that is asked of the daemon from a view, whose refusal is shown there. */
export function useAttempt(): Attempt {
  const [refused, setRefused] = useState<{ problem: string; field: string | null } | null>(null);
  const [running, setRunning] = useState(0);
  const attempt = useCallback(async (run: () => Promise<unknown>) => {
    setRefused(null);
    setRunning((count) => count + 1);
    try {
      await run();
      return true;
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      const { message, field = null } = error.refusal;
      setRefused({ problem: message, field });
      return false;
    } finally {
      setRunning((count) => count - 1);
    }
  }, []);
  const say = useCallback(
    (problem: string | null) => setRefused(problem === null ? null : { problem, field: null }),
    [],
  );
  const { problem, field } = refused ?? { problem: null, field: null };
  return { problem, field, busy: running > 0, attempt, say };
}
