import { createContext, type ReactNode, useContext } from 'react';
import { Keys } from '../keyboard/keys.tsx';
import { shortcuts } from '../keyboard/shortcut.ts';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { type CardState, unseen } from './guard.ts';

/** The question that a button is of. */
export const CardContext = createContext<CardState & { deciding: boolean }>({
  ...unseen,
  deciding: false,
});

interface DecideButtonProps {
  children: ReactNode;
  /** How much it weighs; one that is not named looks as any other. */
  tone?: 'primary' | 'danger';
  disabled?: boolean;
  /** The key that does the same at the moment. */
  byKey?: 'allow' | 'deny' | undefined;
  /** None sends the form around it. */
  onClick?: () => void;
}

/** A button that decides something: not before it was seen to stand where it is. */
export function DecideButton(props: DecideButtonProps): ReactNode {
  const { children, tone, disabled = false, byKey, onClick } = props;
  const { letters } = useConsole();
  const { phase, keyed, deciding } = useContext(CardContext);
  const key = useCell(letters) && byKey !== undefined ? shortcuts[byKey].keys[0] : undefined;
  const heard = keyed && !disabled && !deciding;
  return (
    <button
      type={onClick === undefined ? 'submit' : 'button'}
      data-decide
      className={tone === undefined ? 'button' : `button ${tone}`}
      disabled={disabled || deciding || phase === 'new'}
      // One that has only moved keeps the focus.
      aria-disabled={phase === 'moved' ? true : undefined}
      aria-keyshortcuts={heard ? key : undefined}
      onClick={onClick}
    >
      {children}
      {heard && key !== undefined && (
        <span className="by-key" aria-hidden="true">
          <Keys of={key} />
        </span>
      )}
    </button>
  );
}
