import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { meaningOf } from '../keyboard/shortcut.ts';
import { Icon, type IconName } from '../parts/icon.tsx';

export interface MenuItem {
  name: string;
  run: () => void;
  danger?: boolean;
}

interface Props {
  label: string;
  icon: IconName;
  items: readonly MenuItem[];
  /** Where it opens. */
  side: 'up' | 'down';
}

/** A button that opens a list of things to do. */
export function Menu({ label, icon, items, side }: Props): ReactNode {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (open) list.current?.querySelector('button')?.focus();
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const keys = (event: KeyboardEvent) => {
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const here = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const meaning = meaningOf(event, ['down', 'up', 'first', 'last', 'close']);
    if (meaning === undefined) return;
    const to = { down: here + 1, up: here - 1, first: 0, last: -1 };
    if (meaning === 'close') close();
    else buttons.at(to[meaning] % buttons.length)?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      className={`menu ${side}`}
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}
    >
      <button
        ref={button}
        type="button"
        className="quiet icon"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name={icon} />
      </button>
      {open && (
        <div className="menu-list" role="menu" aria-label={label} ref={list} onKeyDown={keys}>
          {items.map(({ name, run, danger }) => (
            <button
              key={name}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={danger === true ? 'danger' : undefined}
              onClick={() => {
                close();
                run();
              }}
            >
              {name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
