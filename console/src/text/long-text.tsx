import { type ReactNode, useState } from 'react';
import { cut } from './harmless.ts';

/** So much is shown at first, and more at each wish. A megabyte on one line would stop the page. */
const first = 20_000;
const most = 400_000;

/** Text as it is, in a fixed pitch, and not more of it than a browser can lay out at once. */
export function LongText({ text }: { text: string }): ReactNode {
  const [length, setLength] = useState(first);
  const shown = cut(text, length);
  return (
    <div className="long-text">
      <pre tabIndex={0}>{shown.text}</pre>
      {shown.left > 0 && (
        <button
          type="button"
          className="quiet"
          onClick={() => setLength(Math.min(text.length, length * 5, length + most))}
        >
          {shown.left.toLocaleString()} more characters
        </button>
      )}
    </div>
  );
}
