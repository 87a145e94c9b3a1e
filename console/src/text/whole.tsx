import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import { type Client, RefusalError } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';
import { SessionContext } from '../views/session/session-context.ts';
import { oneLine } from './harmless.ts';

/** The session whose contents are shown, where no log of it is open. */
export const SessionId = createContext<string | null>(null);

/** Content that is kept beside its entry, which has only its beginning. */
export interface BlobRef {
  digest: string;
  size: number;
}

/** So much of it is shown at most; the export has all. */
export const mostBytes = 4 * 1024 * 1024;
const partBytes = 512 * 1024;

export interface WholeText {
  text: string;
  /** Bytes that can still be asked for; 0 where it is all there. */
  more: number;
  state: 'preview' | 'loading' | 'whole' | 'failed';
  problem: string | null;
  load: () => void;
}

export function useSessionId(): string | null {
  const log = useContext(SessionContext);
  return useContext(SessionId) ?? log?.id ?? null;
}

/** A text that may be a preview, and a way to the whole. */
export function useWhole(preview: string, blob: BlobRef | undefined): WholeText {
  const { client } = useConsole();
  const session = useSessionId();
  const [loaded, setLoaded] = useState<{ digest: string; text: string } | null>(null);
  const [state, setState] = useState<'preview' | 'loading' | 'failed'>('preview');
  const [problem, setProblem] = useState<string | null>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const digest = blob?.digest;
  const load = () => {
    if (blob === undefined || session === null || state === 'loading') return;
    stop.current = new AbortController();
    const { signal } = stop.current;
    setState('loading');
    readBlob(client, { session, blob, signal }).then(
      (bytes) => {
        if (signal.aborted) return;
        setLoaded({ digest: blob.digest, text: new TextDecoder().decode(bytes) });
        setState('preview');
      },
      (error: unknown) => {
        if (signal.aborted) return;
        if (!(error instanceof RefusalError)) throw error;
        setProblem(error.refusal.message);
        setState('failed');
      },
    );
  };
  if (blob === undefined) return { text: preview, more: 0, state: 'whole', problem: null, load };
  if (loaded !== null && loaded.digest === digest) {
    const more = Math.max(0, blob.size - mostBytes);
    return { text: loaded.text, more, state: 'whole', problem: null, load };
  }
  return { text: preview, more: blob.size, state, problem, load };
}

/** The button behind a preview. */
export function Whole({ of, what = 'all of it' }: { of: WholeText; what?: string }): ReactNode {
  if (of.more === 0) return null;
  if (of.state === 'whole') {
    return <p className="fate">{bytes(of.more)} more are only in the export.</p>;
  }
  return (
    <p className="whole">
      <button
        type="button"
        className="quiet more"
        disabled={of.state === 'loading'}
        onClick={of.load}
      >
        {of.state === 'loading' ? 'Loading …' : `Show ${what} (${bytes(of.more)})`}
      </button>
      {of.problem !== null && <span role="alert">{oneLine(of.problem, 200)}</span>}
    </p>
  );
}

export async function readBlob(
  client: Client,
  { session, blob, signal }: { session: string; blob: BlobRef; signal: AbortSignal },
): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(Math.min(blob.size, mostBytes));
  for (let offset = 0; offset < whole.length;) {
    const part = await client.blobs.get(
      {
        session,
        digest: blob.digest,
        offset,
        maxBytes: Math.min(partBytes, whole.length - offset),
      },
      { signal },
    );
    const read = Uint8Array.from(atob(part.base64), (unit) => unit.charCodeAt(0));
    if (read.length === 0) return whole.slice(0, offset);
    whole.set(read.subarray(0, whole.length - offset), offset);
    offset += read.length;
  }
  return whole;
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} bytes`;
  if (size < 1024 * 1024) return `${Math.round(size / 1024)} KB`;
  return `${(size / 1024 / 1024).toFixed(1)} MB`;
}
