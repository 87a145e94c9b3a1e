import { useEffect, useRef, useState } from 'react';
import { meaningOf } from '../keyboard/shortcut.ts';
import { useConsole } from '../state/context.ts';

/** So long after it has appeared nothing decides a question: a key or a click was meant for what was there before. */
const guardMs = 500;

/** Whether a question has stood on the page for long enough to have been seen. */
export function useGuard(): boolean {
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setReady(true), guardMs);
    return () => clearTimeout(timer);
  }, []);
  return ready;
}

/** What a key does to the question that is meant: the one with the focus, else the first on the page. */
export interface DecideKeys {
  allow: () => void;
  deny: () => void;
}

/** Keys decide only where nobody is writing, and has not just been. */
export function useDecideKeys(ready: boolean, keys: DecideKeys) {
  const { letters } = useConsole();
  const card = useRef<HTMLElement>(null);
  const latest = useRef({ ready, keys });
  useEffect(() => {
    latest.current = { ready, keys };
  });
  useEffect(() => {
    let written = Number.NEGATIVE_INFINITY;
    const pressed = (event: KeyboardEvent) => {
      if (isWriting(event.target)) {
        written = event.timeStamp;
        return;
      }
      const meaning = meaningOf(event, ['allow', 'deny']);
      if (meaning === undefined || !letters.get() || !isNew(event) || card.current === null) return;
      const late = event.timeStamp - written >= guardMs;
      if (!latest.current.ready || !late || meantCard() !== card.current) return;
      event.preventDefault();
      latest.current.keys[meaning]();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [letters]);
  return card;
}

/** Neither held down from before nor used up by something else. */
function isNew({ repeat, defaultPrevented }: KeyboardEvent): boolean {
  return !repeat && !defaultPrevented;
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('input, textarea, select');
}

function meantCard(): Element | null {
  if (document.querySelector('dialog[open]') !== null) return null;
  return document.activeElement?.closest('.approval') ?? document.querySelector('.approval');
}
