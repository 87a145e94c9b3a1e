import { type ReactNode, useState } from 'react';

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
      <div className="diff-lines" tabIndex={0} role="region" aria-label="Changed lines" dir="ltr">
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
