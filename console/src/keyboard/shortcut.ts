/** What a key does. Those of one letter work only where nobody is writing, and can be switched off. */
export type Action =
  | 'palette'
  | 'help'
  | 'next'
  | 'previous'
  | 'nextSession'
  | 'previousSession'
  | 'write'
  | 'filter'
  | 'sessions'
  | 'inbox'
  | 'usage'
  | 'new'
  | 'leave';

export interface Shortcut {
  action: Action;
  /** As `KeyboardEvent.key`, with `Shift+` for a capital letter and `Mod+` for Ctrl or Cmd. */
  key: string;
  text: string;
  part: 'Anywhere' | 'Moving' | 'Going to';
}

export const shortcuts: readonly Shortcut[] = [
  { action: 'palette', key: 'Mod+k', text: 'Everything by its name', part: 'Anywhere' },
  { action: 'help', key: '?', text: 'This help', part: 'Anywhere' },
  { action: 'leave', key: 'Escape', text: 'Out of a field, then to the list', part: 'Anywhere' },
  { action: 'next', key: 'j', text: 'Next session or entry, where the focus is', part: 'Moving' },
  { action: 'previous', key: 'k', text: 'The one before', part: 'Moving' },
  { action: 'nextSession', key: 'Shift+j', text: 'Open the next session', part: 'Moving' },
  { action: 'previousSession', key: 'Shift+k', text: 'Open the one before', part: 'Moving' },
  { action: 'write', key: 'm', text: 'Write a message', part: 'Going to' },
  { action: 'filter', key: '/', text: 'Filter sessions', part: 'Going to' },
  { action: 'sessions', key: 's', text: 'The list of sessions', part: 'Going to' },
  { action: 'inbox', key: 'i', text: 'What waits for you', part: 'Going to' },
  { action: 'usage', key: 'u', text: 'What was used', part: 'Going to' },
  { action: 'new', key: 'n', text: 'A new session', part: 'Going to' },
];

/** Keys that are heard where they apply, by the views themselves. */
export const elsewhere: readonly { key: string; text: string }[] = [
  { key: 'a', text: 'Allow once what is asked' },
  { key: 'd', text: 'Deny it' },
  { key: 'x', text: 'Choose a session of the list for an action on several' },
  { key: 'Enter', text: 'Open a session; send a message, or queue it' },
];

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** What a key means. In a field only those that write nothing count. */
export function actionOf(
  pressed: Pressed,
  { writing, letters }: { writing: boolean; letters: boolean },
): Action | undefined {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = pressed;
  if (altKey) return undefined;
  if (ctrlKey || metaKey) return key.toLowerCase() === 'k' && !shiftKey ? 'palette' : undefined;
  if (key === 'Escape') return 'leave';
  if (writing || !letters) return undefined;
  const name = shiftKey && /^\p{Lu}$/u.test(key) ? `Shift+${key.toLowerCase()}` : key;
  return shortcuts.find((one) => one.key === name)?.action;
}
