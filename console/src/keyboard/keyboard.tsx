import { type ReactNode, useEffect, useRef } from 'react';
import type { Console } from '../state/console.ts';
import { readRoute } from '../router.ts';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { Help } from './help.tsx';
import { PaletteDialog } from './palette-dialog.tsx';
import { focusList, focusPart, focusView, isIn, isLost, neighbour, walk } from './places.ts';
import { type Action, actionOf } from './shortcut.ts';
import { isWriting } from './walk.ts';
import './keyboard.css';

/** Hears the keys that work everywhere, and keeps the focus from being lost. */
export function Keyboard(): ReactNode {
  const console = useConsole();
  const dialog = useCell(console.dialog);
  useKeys(console);
  useFocusAfterGoing(console);
  const close = () => console.dialog.set(null);
  return (
    <>
      <nav className="skip" aria-label="Skip">
        <button type="button" className="button" onClick={() => focusList()}>
          To the sessions
        </button>
        <button type="button" className="button" onClick={() => focusView()}>
          To the content
        </button>
        <button type="button" className="button" onClick={() => console.dialog.set('palette')}>
          Commands
        </button>
      </nav>
      {dialog === 'help' && <Help close={close} />}
      {dialog === 'palette' && <PaletteDialog close={close} />}
    </>
  );
}

function useKeys(console: Console): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const writing = isWriting(event.target);
      const action = actionOf(event, { writing, letters: console.letters.get() });
      if (action === undefined) return;
      // A dialog hears its keys itself; only the palette can be called from everywhere.
      if (document.querySelector('dialog[open]') !== null && action !== 'palette') return;
      if (act(console, action)) event.preventDefault();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [console]);
}

/** Answers whether the key was used. */
function act(console: Console, action: Action): boolean {
  const { router, dialog } = console;
  switch (action) {
    case 'palette':
      dialog.set(dialog.get() === 'palette' ? null : 'palette');
      return true;
    case 'help':
      dialog.set('help');
      return true;
    case 'next':
    case 'previous':
      walk(action === 'next' ? 1 : -1);
      return true;
    case 'nextSession':
    case 'previousSession': {
      const path = neighbour(action === 'nextSession' ? 1 : -1);
      if (path !== null) router.go(readRoute(path));
      return true;
    }
    case 'write':
      return focusPart('message');
    case 'filter':
    case 'sessions':
      toList(console);
      return action === 'filter' ? focusPart('filter') : focusList();
    case 'inbox':
    case 'usage':
    case 'new':
      router.go({ view: action });
      return true;
    case 'leave':
      return leave();
  }
}

/** On a phone the list is not beside the session. */
function toList({ router }: Console): void {
  const side = document.querySelector('.side');
  if (side?.checkVisibility() === false) router.go({ view: 'sessions' });
}

/** Out of a field to the view around it, and from there to the list. */
function leave(): boolean {
  const { activeElement } = document;
  if (isWriting(activeElement)) {
    return isIn('list') ? focusList() : focusView();
  }
  return !isIn('list') && focusList();
}

/** Another view: where the focus was may be gone with the one before. */
function useFocusAfterGoing({ router }: Console): void {
  const route = useCell(router.route);
  const before = useRef(route);
  useEffect(() => {
    // A page that was just opened begins at its beginning.
    if (before.current === route) return undefined;
    before.current = route;
    const frame = requestAnimationFrame(() => {
      if (isLost() && document.querySelector('dialog[open]') === null) focusView();
    });
    return () => cancelAnimationFrame(frame);
  }, [route]);
}
