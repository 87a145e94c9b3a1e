import { focusOn, isShown, step } from './walk.ts';

/** Where the keyboard goes: parts of the page, by what they are. */
const parts = {
  list: '.side',
  lines: '.side .session-line > a',
  filter: '.side input[type=search]',
  main: '#main',
  log: '#main [role=log]',
  entries: '#main .timeline-list > * > * > .item',
  questions: '#main .page .approval',
  message: '#main .composer textarea',
} as const;

type Part = keyof typeof parts;

export function focusPart(part: Part): boolean {
  const found = document.querySelector(parts[part]);
  if (!isShown(found)) return false;
  focusOn(found);
  return true;
}

export function isIn(part: Part): boolean {
  return document.querySelector(parts[part])?.contains(document.activeElement) === true;
}

/** To the list: to the session that is open, else to the first one in sight. */
export function focusList(): boolean {
  const chosen = document.querySelector('.side .session-line.chosen > a');
  if (isShown(chosen)) focusOn(chosen);
  else if (step(parts.lines, 1) === null) return focusPart('filter');
  return true;
}

/** To what the view is about: the log of a session, else the view itself. */
export function focusView(): boolean {
  return focusPart('log') || focusPart('main');
}

/** j and k: through the entries of a session or what waits in the inbox, else and in the list through sessions. */
export function walk(by: 1 | -1): void {
  const log = document.querySelector(parts.log);
  if (isIn('list')) step(parts.lines, by);
  else if (isShown(log)) step(parts.entries, by);
  else step(document.querySelector(parts.questions) === null ? parts.lines : parts.questions, by);
}

/** The session after the one that is open, as the list shows them; null at its end. */
export function neighbour(by: 1 | -1): string | null {
  const lines = [...document.querySelectorAll<HTMLAnchorElement>(parts.lines)];
  const at = lines.findIndex((line) => line.getAttribute('aria-current') === 'page');
  const next = at < 0 ? lines[0] : lines[at + by];
  return next?.getAttribute('href') ?? null;
}

/** The focus is on nothing, or on something that is no longer shown. */
export function isLost(): boolean {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body || !isShown(activeElement);
}
