import { useEffect, useRef, useState } from 'react';

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
  a: () => void;
  d: () => void;
}

/** Keys decide only where nobody is writing, and has not just been. */
export function useDecideKeys(ready: boolean, keys: DecideKeys) {
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
      const key = event.key.toLowerCase();
      if ((key !== 'a' && key !== 'd') || !isPlain(event) || card.current === null) return;
      const late = event.timeStamp - written >= guardMs;
      if (!latest.current.ready || !late || meantCard() !== card.current) return;
      event.preventDefault();
      latest.current.keys[key]();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
  return card;
}

function isPlain(event: KeyboardEvent): boolean {
  const { ctrlKey, metaKey, altKey, shiftKey, repeat, isComposing, defaultPrevented } = event;
  return !(ctrlKey || metaKey || altKey || shiftKey || repeat || isComposing || defaultPrevented);
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('input, textarea, select');
}

function meantCard(): Element | null {
  if (document.querySelector('dialog[open]') !== null) return null;
  return document.activeElement?.closest('.approval') ?? document.querySelector('.approval');
}
