/** The next line of a list after the one with the focus, or the first in sight where none has it. */
export function step(selector: string, by: 1 | -1): HTMLElement | null {
  const all = [...document.querySelectorAll<HTMLElement>(selector)];
  const at = all.findIndex((one) => one.contains(document.activeElement));
  const next = at >= 0 ? all[at + by] : by === 1 ? all.find(isInSight) : all.findLast(isInSight);
  if (next !== undefined) focusOn(next);
  return next ?? null;
}

/** Gives the focus to something that may have no place in the order of the page. */
export function focusOn(element: HTMLElement): void {
  if (element.tabIndex < 0 && !element.hasAttribute('tabindex')) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  // What is higher than the view is read from its beginning.
  const tall = element.offsetHeight > innerHeight / 2;
  element.scrollIntoView({ block: tall ? 'start' : 'nearest' });
}

export function isShown(element: Element | null): element is HTMLElement {
  return element instanceof HTMLElement && element.checkVisibility();
}

export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  const words = 'textarea, select, input:not([type=checkbox], [type=radio], [type=button])';
  return target.matches(words);
}

function isInSight(element: HTMLElement): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top >= 0 && bottom <= innerHeight;
}
