import { Fragment, type ReactNode } from 'react';

const isApple = /Mac|iP(?:hone|ad)/.test(navigator.userAgent);
const names: { readonly [part: string]: string } = {
  Mod: isApple ? '⌘' : 'Ctrl',
  Alt: isApple ? '⌥' : 'Alt',
  Shift: isApple ? '⇧' : 'Shift',
  Escape: 'Esc',
  ArrowUp: '↑',
  ArrowDown: '↓',
};

/** What stands on the keys that are pressed together. */
function partsOf(key: string): string[] {
  const parts = key.split('+');
  const single = parts.length === 1;
  return parts.map(
    (part) => names[part] ?? (single || part.length > 1 ? part : part.toUpperCase()),
  );
}

/** A key in one word, such as `Ctrl Enter`. */
export function keyText(key: string): string {
  return partsOf(key).join(' ');
}

/** A key as it is written on a keyboard. */
export function Keys({ of }: { of: string }): ReactNode {
  return (
    <span className="keys">
      {partsOf(of).map((part, at) => (
        <Fragment key={part}>
          {at > 0 && <span className="hidden"> and </span>}
          <kbd>{part}</kbd>
        </Fragment>
      ))}
    </span>
  );
}
