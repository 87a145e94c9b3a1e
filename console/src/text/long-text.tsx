import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { nearEnd } from './near-end.ts';
import { part, type Span, Spans } from './spans.tsx';
import './code.css';

/** So much is shown at first, and more at each wish. A megabyte on one line would stop the page. */
const first = 20_000;
const more = 100_000;
/** Longer lines are folded at the edge: laid out on one line they would cost the browser too much. */
const longLine = 2000;

interface LongTextProps {
  text: string;
  /** The same text with its colours. */
  spans?: readonly Span[];
  /** Which end is shown of what is too long: of outputs it is the last one. */
  end?: 'first' | 'last';
  /** Stays at the end while more comes. */
  follows?: boolean;
  wraps?: boolean;
  /** What it is, for those who hear it. */
  label?: string;
}

/** Text as it is, in a fixed pitch, and not more of it than a browser can lay out at once. */
export function LongText({
  text,
  spans,
  end = 'first',
  follows = false,
  wraps = false,
  label,
}: LongTextProps): ReactNode {
  const [length, setLength] = useState(first);
  const box = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => {
    if (follows && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [follows, text]);
  const left = Math.max(0, text.length - length);
  const from = end === 'last' ? text.length - Math.min(length, text.length) : 0;
  const to = end === 'last' ? text.length : length;
  const shown = text.slice(from, to);
  const wide = wraps || hasLongLine(shown);
  const button = left > 0 && (
    <button type="button" className="quiet more" onClick={() => setLength(length + more)}>
      {left.toLocaleString()} {end === 'last' ? 'characters before' : 'more characters'}
    </button>
  );
  return (
    <div className="long-text">
      {end === 'last' && button}
      <pre
        ref={box}
        tabIndex={0}
        dir="ltr"
        className={wide ? 'wraps' : undefined}
        aria-label={label}
        onScroll={({ currentTarget }) => {
          if (end === 'first' && left > 0 && nearEnd(currentTarget)) setLength(length + more);
        }}
      >
        {spans === undefined ? shown : <Spans spans={part(spans, from, to)} />}
      </pre>
      {end === 'first' && button}
    </div>
  );
}

function hasLongLine(text: string): boolean {
  let from = 0;
  while (text.length - from > longLine) {
    const next = text.indexOf('\n', from);
    if (next === -1 || next - from > longLine) return true;
    from = next + 1;
  }
  return false;
}
