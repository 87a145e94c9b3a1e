import { type ReactNode, useEffect, useState } from 'react';

/** Copies a text, and says so for a moment. */
export function CopyButton({ text }: { text: string }): ReactNode {
  const [state, setState] = useState<'copy' | 'copied' | 'not allowed'>('copy');
  useEffect(() => {
    if (state === 'copy') return;
    const timer = setTimeout(() => setState('copy'), 1500);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setState('copied'),
      () => setState('not allowed'),
    );
  return (
    <button type="button" className="quiet copy" onClick={() => void copy()}>
      {state}
    </button>
  );
}
