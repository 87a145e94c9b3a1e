/** Something in sight that stays where it is, whatever becomes of the list around it. */
export interface Anchor {
  node: Element;
  /** Its top, below that of the view. */
  top: number;
}

/** How far a node is below the top of the view. */
export function topIn(list: Element, node: Element): number {
  return node.getBoundingClientRect().top - list.getBoundingClientRect().top;
}

/**
 * The first thing in sight, as small as can be: of a message that is higher than the view a paragraph, so that
 * what grows above that in the same message moves nothing either.
 */
export function anchorIn(list: Element, lines: Iterable<Element>): Anchor | null {
  const view = list.getBoundingClientRect();
  let node = firstBelow(lines, view.top);
  if (node === null || node.getBoundingClientRect().top >= view.bottom) return null;
  while (node.getBoundingClientRect().top < view.top) {
    const inner = firstBelow(node.children, view.top);
    if (inner === null || getComputedStyle(inner).display.startsWith('inline')) break;
    node = inner;
  }
  return { node, top: node.getBoundingClientRect().top - view.top };
}

function firstBelow(nodes: Iterable<Element>, top: number): Element | null {
  for (const node of nodes) {
    const { bottom, height } = node.getBoundingClientRect();
    if (height > 0 && bottom > top + 1) return node;
  }
  return null;
}
