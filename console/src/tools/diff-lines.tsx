import { type ReactNode, useState } from 'react';
import { LongText } from '../text/long-text.tsx';
import { nearEnd } from '../text/near-end.ts';
import { type Span, Spans } from '../text/spans.tsx';

/** A longer line is folded, and shown piece by piece. */
const longLine = 2000;

interface DiffLinesProps<Line> {
  lines: readonly Line[];
  /** What stands in a line, from its sign on. */
  show: (line: Line) => ReactNode;
  /** So many are shown at first, and so many more each time. */
  first: number;
  more: number;
}

/** Lines of a change, the first ones at once. */
export function DiffLines<Line extends { type: string }>({
  lines,
  show,
  first,
  more,
}: DiffLinesProps<Line>): ReactNode {
  const [most, setMost] = useState(first);
  const left = lines.length - most;
  return (
    <>
      <div
        className="diff-lines"
        tabIndex={0}
        role="region"
        aria-label="Changed lines"
        dir="ltr"
        onScroll={({ currentTarget }) => {
          if (left > 0 && nearEnd(currentTarget)) setMost(most + more);
        }}
      >
        <div className="diff-wide">
          {lines.slice(0, most).map((line, at) => (
            <div key={at} className={`diff-line ${line.type}`}>
              {show(line)}
            </div>
          ))}
        </div>
      </div>
      {left > 0 && (
        <button type="button" className="quiet more" onClick={() => setMost(most + more)}>
          {left.toLocaleString()} more lines
        </button>
      )}
    </>
  );
}

/** What stands in a line, all of it. */
export function DiffText({ spans }: { spans: readonly Span[] }): ReactNode {
  const [text = ''] = spans[0] ?? [];
  if (spans.length === 1 && text.length > longLine) {
    return (
      <div className="diff-text long">
        <LongText text={text} wraps label="a long line" />
      </div>
    );
  }
  return (
    <span className="diff-text">
      <Spans spans={spans} />
    </span>
  );
}
