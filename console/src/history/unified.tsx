import { type ReactNode, useMemo } from 'react';
import { exact } from '../text/harmless.ts';
import { DiffLines, DiffText } from '../tools/diff-lines.tsx';

const firstLines = 80;
const moreLines = 1000;
const types = { '+': 'added', '-': 'removed', ' ': 'same', '@': 'gap' } as const;

/** A unified diff as the daemon made it, without the lines that name the file. */
export function Unified({ diff }: { diff: string }): ReactNode {
  const lines = useMemo(() => linesOf(diff), [diff]);
  return (
    <DiffLines
      lines={lines}
      first={firstLines}
      more={moreLines}
      show={({ sign, text }) => (
        <>
          <span className="diff-sign">{sign}</span>
          <DiffText spans={[[exact(text), '']]} />
        </>
      )}
    />
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
