import { useCallback, useEffect, useState } from 'react';
import { type OutputOf, RefusalError } from 'turnkeep/client';
import { useConsole } from '../../state/context.ts';

export type Login = OutputOf<'logins.list'>['logins'][number];

/** Logins that this one may see; null before they are known. `read` asks for them again. */
export function useLogins(): { logins: readonly Login[] | null; read: () => void } {
  const { client } = useConsole();
  const [logins, setLogins] = useState<readonly Login[] | null>(null);
  const [round, setRound] = useState(0);
  const read = useCallback(() => setRound((now) => now + 1), []);
  useEffect(() => {
    const stop = new AbortController();
    client.logins.list({}, { signal: stop.signal }).then(
      (told) => setLogins(told.logins),
      (error: unknown) => {
        // Without an answer nothing is shown, and nothing can be ended.
        if (!stop.signal.aborted && !(error instanceof RefusalError)) throw error;
      },
    );
    return () => stop.abort();
  }, [client, round]);
  return { logins, read };
}

/** Whether this browser may do what only administrators may; null before it is known. */
export function useAdministers(): boolean | null {
  const { logins } = useLogins();
  if (logins === null) return null;
  return logins.some(({ own, scopes }) => own && scopes.includes('admin'));
}
