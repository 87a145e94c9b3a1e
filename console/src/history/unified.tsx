import { type ReactNode, useMemo, useState } from 'react';
import { exact } from '../text/harmless.ts';

const firstLines = 80;
const moreLines = 1000;
const types = { '+': 'added', '-': 'removed', ' ': 'same', '@': 'gap' } as const;

/** A unified diff as the daemon made it, without the lines that name the file. */
export function Unified({ diff }: { diff: string }): ReactNode {
  const [most, setMost] = useState(firstLines);
  const lines = useMemo(() => linesOf(diff), [diff]);
  const left = lines.length - most;
  return (
    <>
      <div className="diff-lines" tabIndex={0} role="region" aria-label="Changed lines" dir="ltr">
        <div className="diff-wide">
          {lines.slice(0, most).map(({ type, sign, text }, at) => (
            <div key={at} className={`diff-line ${type}`}>
              <span className="diff-sign">{sign}</span>
              <span className="diff-text">{exact(text.slice(0, 20_000))}</span>
            </div>
          ))}
        </div>
      </div>
      {left > 0 && (
        <button type="button" className="quiet more" onClick={() => setMost(most + moreLines)}>
          {left.toLocaleString()} more lines
        </button>
      )}
    </>
  );
}

interface Line {
  type: (typeof types)[keyof typeof types];
  sign: string;
  text: string;
}

function linesOf(diff: string): Line[] {
  const all = diff.replace(/\n$/, '').split('\n');
  const begins = all.findIndex((line) => line.startsWith('@@'));
  return all.slice(Math.max(0, begins)).flatMap((line, at): Line[] => {
    // Nothing is left out before the first line.
    if (at === 0 && /^@@ -[01][, ]/.test(line)) return [];
    const sign = line.charAt(0);
    if (!Object.hasOwn(types, sign)) return [];
    const type = types[sign as keyof typeof types];
    return [type === 'gap' ? { type, sign: '⋯', text: '' } : { type, sign, text: line.slice(1) }];
  });
}
