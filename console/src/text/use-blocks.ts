import type { Token } from 'marked';
import { useEffect, useMemo, useRef } from 'react';
import { blocksOf } from './blocks.ts';
import { harmless } from './harmless.ts';

/** Longer texts are shown as they are: reading them as Markdown would take longer than a frame. */
const mostChars = 100_000;
/** While a text streams, so much behind the last block that is certain is read again with each frame. */
const mostOpen = 12_000;

interface Blocks {
  blocks: readonly Token[];
  /** What is shown as it was written. */
  rest: string;
}
interface Read extends Blocks {
  clean: string;
  streaming: boolean;
  /** Blocks that nothing can change any more, and where what is behind them begins. */
  settled: readonly Token[];
  from: number;
}

/** The blocks of a text. Of one that streams only the end is read again. */
export function useBlocks(text: string, streaming: boolean): Blocks {
  const before = useRef<Read | null>(null);
  const clean = useMemo(() => harmless(text), [text]);
  const read = useMemo(() => {
    return streaming ? readOn(clean, before.current) : readWhole(clean);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- what was read before is a cache
  }, [clean, streaming]);
  useEffect(() => {
    before.current = read;
  }, [read]);
  return read;
}

function readWhole(clean: string): Read {
  const tokens = clean.length > mostChars ? null : blocksOf(clean);
  const shown =
    tokens === null ? { blocks: [], rest: clean } : { blocks: shownOf(tokens), rest: '' };
  return { ...shown, clean, streaming: false, settled: [], from: 0 };
}

function readOn(clean: string, before: Read | null): Read {
  const goesOn = before?.streaming === true && clean.startsWith(before.clean);
  const settled = goesOn ? before.settled : [];
  const from = goesOn ? before.from : 0;
  const open = clean.slice(from);
  const tokens = open.length > mostOpen || clean.length > mostChars ? null : blocksOf(open);
  if (tokens === null) {
    return { blocks: settled, rest: open, clean, streaming: true, settled, from };
  }
  // The last ones may still grow into each other.
  const certain = tokens.slice(0, -3);
  const length = certain.reduce((sum, { raw }) => sum + raw.length, 0);
  return {
    blocks: [...settled, ...shownOf(tokens)],
    rest: '',
    clean,
    streaming: true,
    settled: [...settled, ...shownOf(certain)],
    from: from + length,
  };
}

function shownOf(tokens: readonly Token[]): Token[] {
  return tokens.filter(({ type }) => type !== 'space' && type !== 'def');
}
