import { type ReactNode, useLayoutEffect, useRef } from 'react';

/** A dialog of the browser's own: it keeps the focus inside, ends with Escape, and gives the focus back. */
export function Dialog({
  name,
  className,
  close,
  children,
}: {
  name: string;
  className: string;
  close: () => void;
  children: ReactNode;
}): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  // At once: the next key is already meant for the dialog.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    shown?.querySelector<HTMLElement>('input[type=text], input:not([type])')?.focus();
    return () => {
      shown?.close();
      // Unless what was done in it has given the focus to something else.
      if (before instanceof HTMLElement && document.activeElement === document.body) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={className}
      aria-label={name}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        // Beside the dialog is the dialog itself: what is in it fills it.
        if (event.target === event.currentTarget) close();
      }}
    >
      <div className="dialog-inside">{children}</div>
    </dialog>
  );
}
