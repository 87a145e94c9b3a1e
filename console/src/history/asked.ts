import { useEffect, useState } from 'react';
import { RefusalError } from 'turnkeep/client';

/** What was asked of the daemon for a view: not there yet, there, or refused. */
export type Asked<Value> =
  | { state: 'asking' }
  | { state: 'there'; value: Value }
  | { state: 'refused'; message: string };

/** Asks when the view appears, and again when `key` is another one. */
export function useAsked<Value>(
  key: string,
  ask: (signal: AbortSignal) => Promise<Value>,
): Asked<Value> {
  const [asked, setAsked] = useState<{ key: string; is: Asked<Value> } | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    ask(stop.signal).then(
      (value) => !stop.signal.aborted && setAsked({ key, is: { state: 'there', value } }),
      (error: unknown) => {
        if (stop.signal.aborted) return;
        if (!(error instanceof RefusalError)) throw error;
        setAsked({ key, is: { state: 'refused', message: error.refusal.message } });
      },
    );
    return () => stop.abort();
    // What it asks follows from the key.
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the key stands for it
  }, [key]);
  return asked?.key === key ? asked.is : { state: 'asking' };
}
