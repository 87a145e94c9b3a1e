import type { ReactNode } from 'react';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { Icon } from './icon.tsx';

/** Why something was not done that has no place of its own on the page. */
export function Refused(): ReactNode {
  const { refused } = useConsole();
  const message = useCell(refused);
  return (
    <div role="alert">
      {message !== null && (
        <p className="refused">
          {oneLine(message, 300)}
          <button
            type="button"
            className="quiet icon"
            aria-label="Close"
            onClick={() => refused.set(null)}
          >
            <Icon name="close" />
          </button>
        </p>
      )}
    </div>
  );
}
