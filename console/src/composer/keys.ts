import type { KeyboardEvent } from 'react';
import { keyText } from '../keyboard/keys.tsx';
import { meaningOf, shortcuts } from '../keyboard/shortcut.ts';

/** How a message is given to a session that works. */
export type How = 'queue' | 'steer' | 'interrupt';

const ways: readonly How[] = ['queue', 'steer', 'interrupt'];

/** The key of each, as it is shown. */
export function keyName(how: How): string {
  return keyText(shortcuts[how].keys[0]);
}

/** What a key sends. */
export function howOf(event: KeyboardEvent): How | null {
  return meaningOf(event, ways) ?? null;
}
