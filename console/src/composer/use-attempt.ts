import { useCallback, useState } from 'react';
import { RefusalError } from 'turnkeep/client';

export interface Attempt {
  /** Why the last one was refused. */
  problem: string | null;
  busy: boolean;
  /** Resolves with whether it was done. */
  attempt: (run: () => Promise<unknown>) => Promise<boolean>;
  /** Says something that is not from the daemon, or takes back what was said. */
  say: (problem: string | null) => void;
}

/** Something that is asked of the daemon from a view, whose refusal is shown there. */
export function useAttempt(): Attempt {
  const [problem, setProblem] = useState<string | null>(null);
  const [running, setRunning] = useState(0);
  const attempt = useCallback(async (run: () => Promise<unknown>) => {
    setProblem(null);
    setRunning((count) => count + 1);
    try {
      await run();
      return true;
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      setProblem(error.refusal.message);
      return false;
    } finally {
      setRunning((count) => count - 1);
    }
  }, []);
  return { problem, busy: running > 0, attempt, say: setProblem };
}
