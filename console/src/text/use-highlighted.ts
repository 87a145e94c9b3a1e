import { useEffect, useState } from 'react';
import { useConsole } from '../state/context.ts';
import type { Span } from './spans.tsx';

/** Text that changes is coloured when it rests. */
const restMs = 120;

/** The colours of a code when they are there; undefined until then, and where it has none. */
export function useHighlighted(text: string, language: string): readonly Span[] | undefined {
  const { highlighter } = useConsole();
  const [told, setTold] = useState<{ text: string; spans: readonly Span[] | null } | null>(null);
  const known = highlighter.known(text, language);
  const missing = known === undefined;
  useEffect(() => {
    if (!missing) return undefined;
    let gone = false;
    const timer = setTimeout(() => {
      void highlighter.ask(text, language).then((spans) => {
        if (!gone) setTold({ text, spans });
      });
    }, restMs);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [highlighter, text, language, missing]);
  if (known !== undefined) return known ?? undefined;
  if (told === null || told.spans === null || !text.startsWith(told.text)) return undefined;
  // What came since is plain until it rests.
  return [...told.spans, [text.slice(told.text.length), '']];
}
