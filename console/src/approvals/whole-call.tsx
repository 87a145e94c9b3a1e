import { type ReactNode, useEffect, useState } from 'react';
import { RefusalError, type ToolCall } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { bytes, mostBytes, readBlob } from '../text/whole.tsx';
import { begunOf, blobsOf, joined } from './joined.ts';

/** What is asked about: all of it, or why not. */
export type WholeCall = { call: ToolCall | undefined } & (
  | { state: 'whole' }
  | { state: 'loading' }
  | { state: 'large'; size: number }
  | { state: 'failed'; problem: string; again: () => void }
);

interface Loaded {
  of: ToolCall;
  told: { whole: ToolCall } | { problem: string };
}

/** A tool call with all that lies beside its entry, which is asked for at once. */
export function useWholeCall(session: string, call: ToolCall | undefined): WholeCall {
  const { client } = useConsole();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [tries, setTries] = useState(0);
  const blobs = call === undefined ? [] : blobsOf(call);
  const size = blobs.reduce((sum, blob) => sum + blob.size, 0);
  const asks = blobs.length > 0 && size <= mostBytes;
  useEffect(() => {
    if (call === undefined || !asks) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    const texts = blobsOf(call).map(async (blob): Promise<[string, string]> => {
      const read = await readBlob(client, { session, blob, signal });
      return [blob.digest, new TextDecoder().decode(read)];
    });
    Promise.all(texts).then(
      (all) => {
        const whole = joined(call, new Map(all));
        const told = whole === null ? { problem: 'It cannot be read.' } : { whole };
        setLoaded({ of: call, told });
      },
      (error: unknown) => {
        if (signal.aborted) return;
        if (!(error instanceof RefusalError)) throw error;
        setLoaded({ of: call, told: { problem: error.refusal.message } });
      },
    );
    return () => stop.abort();
  }, [client, session, call, asks, tries]);
  if (call === undefined || blobs.length === 0) return { call, state: 'whole' };
  const begun = begunOf(call);
  if (!asks) return { call: begun, state: 'large', size };
  if (loaded === null || loaded.of !== call) return { call: begun, state: 'loading' };
  const { told } = loaded;
  if ('whole' in told) return { call: told.whole, state: 'whole' };
  const again = () => {
    setLoaded(null);
    setTries(tries + 1);
  };
  return { call: begun, state: 'failed', problem: told.problem, again };
}

/** That there is more than is shown, and what becomes of it. */
export function NotWhole({ of }: { of: WholeCall }): ReactNode {
  switch (of.state) {
    case 'whole':
      return null;
    case 'loading':
      return <p className="why">This is its beginning; the rest is on its way …</p>;
    case 'large':
      return (
        <p className="problem">
          This is its beginning. Of {bytes(of.size)} not all can be shown here, so it can only be
          denied.
        </p>
      );
    case 'failed':
      return (
        <p className="problem" role="alert">
          This is its beginning. {oneLine(of.problem, 300)}{' '}
          <button type="button" className="quiet" onClick={of.again}>
            Ask for the rest again
          </button>
        </p>
      );
  }
}
