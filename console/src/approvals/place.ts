/** Where the buttons of a question are seen, and how far what is around them is scrolled. */
export interface Place {
  x: number;
  y: number;
  scrolled: number;
  /** How much there is to scroll in. */
  range: number;
}

export function placeOf(card: HTMLElement): Place {
  const { left: x, top: y } = (card.querySelector('[data-decide]') ?? card).getBoundingClientRect();
  let [scrolled, range] = [0, 0];
  for (let around = card.parentElement; around !== null; around = around.parentElement) {
    scrolled += around.scrollTop;
    range += around.scrollHeight;
  }
  return { x, y, scrolled, range };
}

/** Whether something else has moved it than somebody who scrolls: they see where they go. */
export function hasMoved(before: Place, now: Place): boolean {
  if (same(before.x, now.x) && same(before.y, now.y)) return false;
  const byScrolling =
    same(before.x, now.x) &&
    same(before.y + before.scrolled, now.y + now.scrolled) &&
    before.range === now.range;
  return !byScrolling;
}

/** Places are not whole pixels everywhere. */
function same(one: number, other: number): boolean {
  return Math.abs(one - other) < 2;
}
