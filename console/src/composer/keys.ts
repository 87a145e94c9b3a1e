import type { KeyboardEvent } from 'react';

/** How a message is given to a session that works. */
export type How = 'queue' | 'steer' | 'interrupt';

const apple = /Mac|iP(?:hone|ad)/.test(navigator.userAgent);

export const keyNames: Readonly<Record<How, string>> = {
  queue: 'Enter',
  steer: apple ? '⌘ Enter' : 'Ctrl Enter',
  interrupt: apple ? '⌥ Enter' : 'Alt Enter',
};

/** What a key sends; the Enter that ends the choice of a character is not one that sends. */
export function howOf(event: KeyboardEvent): How | null {
  if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return null;
  if (event.altKey) return 'interrupt';
  return event.ctrlKey || event.metaKey ? 'steer' : 'queue';
}
