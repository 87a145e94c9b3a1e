import { type ReactNode, useEffect, useId, useRef } from 'react';
import { Icon } from '../parts/icon.tsx';
import './history.css';

interface Props {
  title: string;
  close: () => void;
  wide?: boolean;
  children: ReactNode;
}

const firstField = '.sheet-body :is(input, textarea, select, button):not(:disabled)';

/** Something that is looked at or done before the page goes on. Escape closes it; the focus goes back. */
export function Dialog({ title, close, wide = false, children }: Props): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    // What it is about, not the way out of it.
    dialog.current?.querySelector<HTMLElement>(firstField)?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`sheet${wide ? ' wide' : ''}`}
      aria-labelledby={heading}
      onClose={close}
      // Keys of the page are not for what lies behind it.
      onKeyDown={(event) => event.stopPropagation()}
    >
      <header>
        <h2 id={heading}>{title}</h2>
        <button type="button" className="quiet icon" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div className="sheet-body">{children}</div>
    </dialog>
  );
}

/** Why something was refused. */
export function Problem({ text }: { text: string | null }): ReactNode {
  if (text === null) return null;
  return (
    <p className="composer-problem" role="alert">
      {text}
    </p>
  );
}
