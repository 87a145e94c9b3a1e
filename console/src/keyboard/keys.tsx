import { Fragment, type ReactNode } from 'react';

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
const names: { readonly [part: string]: string } = {
  Mod: isApple ? '⌘' : 'Ctrl',
  Shift: isApple ? '⇧' : 'Shift',
  Escape: 'Esc',
};

/** A key as it is written on a keyboard. */
export function Keys({ of }: { of: string }): ReactNode {
  const parts = of.split('+');
  return (
    <span className="keys">
      {parts.map((part, at) => (
        <Fragment key={part}>
          {at > 0 && <span className="hidden"> and </span>}
          <kbd>{names[part] ?? (parts.length > 1 ? part.toUpperCase() : part)}</kbd>
        </Fragment>
      ))}
    </span>
  );
}
