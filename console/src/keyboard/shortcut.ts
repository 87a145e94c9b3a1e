/** What a key does somewhere. Whoever hears keys asks `meaningOf`, and the help shows all that stands here. */
export interface Shortcut {
  /** As `KeyboardEvent.key`, after `Mod+` (Ctrl or Cmd), `Alt+` and `Shift+` in this order. */
  keys: readonly string[];
  text: string;
  part: Part;
}

type Part =
  | 'Anywhere'
  | 'Moving'
  | 'Going to'
  | 'Where something is asked'
  | 'In the list of sessions'
  | 'Where a message is written'
  | 'In the queue'
  | 'In what has opened: a menu, names that are offered, the palette';

/** Heard wherever the focus is, unless a dialog is open. */
const everywhere = {
  palette: { keys: ['Mod+k'], text: 'Commands', part: 'Anywhere' },
  help: { keys: ['?'], text: 'This help', part: 'Anywhere' },
  leave: {
    keys: ['Escape'],
    text: 'Out of a field or a dialog, then to the list',
    part: 'Anywhere',
  },
  next: {
    keys: ['j'],
    text: 'Next session, entry or question, where the focus is',
    part: 'Moving',
  },
  previous: { keys: ['k'], text: 'The one before', part: 'Moving' },
  nextSession: { keys: ['Shift+j'], text: 'Open the next session', part: 'Moving' },
  previousSession: { keys: ['Shift+k'], text: 'Open the one before', part: 'Moving' },
  write: { keys: ['m'], text: 'Write a message', part: 'Going to' },
  filter: { keys: ['/'], text: 'Filter sessions', part: 'Going to' },
  sessions: { keys: ['s'], text: 'The list of sessions', part: 'Going to' },
  inbox: { keys: ['i'], text: 'What waits for you', part: 'Going to' },
  usage: { keys: ['u'], text: 'What was used', part: 'Going to' },
  new: { keys: ['n'], text: 'A new session', part: 'Going to' },
} as const satisfies { readonly [name: string]: Shortcut };

const asked = 'Where something is asked';
const list = 'In the list of sessions';
const message = 'Where a message is written';
const queue = 'In the queue';
const opened = 'In what has opened: a menu, names that are offered, the palette';

/** Heard by a view, where they apply. */
const somewhere = {
  allow: { keys: ['a'], text: 'Allow once what is asked', part: asked },
  deny: { keys: ['d'], text: 'Deny it', part: asked },
  choose: { keys: ['x'], text: 'Select it for an action on several', part: list },
  queue: { keys: ['Enter'], text: 'Send, or queue while the agent works', part: message },
  steer: { keys: ['Mod+Enter'], text: 'Steer the agent that works', part: message },
  interrupt: { keys: ['Alt+Enter'], text: 'Stop it and send', part: message },
  earlier: { keys: ['Alt+ArrowUp'], text: 'Send it earlier', part: queue },
  later: { keys: ['Alt+ArrowDown'], text: 'Send it later', part: queue },
  keep: { keys: ['Enter'], text: 'Keep what was edited', part: queue },
  giveUp: { keys: ['Escape'], text: 'Leave it as it was', part: queue },
  down: { keys: ['ArrowDown'], text: 'Next', part: opened },
  up: { keys: ['ArrowUp'], text: 'The one before', part: opened },
  logStart: { keys: ['Home', 'Mod+Home'], text: 'The beginning of the log', part: 'Moving' },
  logEnd: { keys: ['End', 'Mod+End'], text: 'Its end, which is then followed', part: 'Moving' },
  first: { keys: ['Home'], text: 'The first of a menu', part: opened },
  last: { keys: ['End'], text: 'The last of it', part: opened },
  take: { keys: ['Enter', 'Tab'], text: 'Take it', part: opened },
  close: { keys: ['Escape'], text: 'Close it', part: opened },
} as const satisfies { readonly [name: string]: Shortcut };

/** Done by the browser itself: nothing hears them here. */
const native = {
  open: { keys: ['Enter'], text: 'Open it', part: list },
  newLine: { keys: ['Shift+Enter'], text: 'A new line', part: message },
} as const satisfies { readonly [name: string]: Shortcut };

export const shortcuts = { ...everywhere, ...somewhere, ...native };
/** What a key does that is heard everywhere. */
export type Action = keyof typeof everywhere;
export type Meaning = Action | keyof typeof somewhere;

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  isComposing?: boolean;
  /** Where React tells of it. */
  nativeEvent?: { isComposing: boolean };
}

/** Which of these a key means; none while it only helps to write a character. */
export function meaningOf<Name extends Meaning>(
  pressed: Pressed,
  among: readonly Name[],
): Name | undefined {
  if (pressed.isComposing === true || pressed.nativeEvent?.isComposing === true) return undefined;
  const written = nameOf(pressed);
  return among.find((name) => (shortcuts[name].keys as readonly string[]).includes(written));
}

function nameOf({ key, ctrlKey, metaKey, altKey, shiftKey }: Pressed): string {
  const isLetter = /^\p{L}$/u.test(key);
  return [
    ...(ctrlKey || metaKey ? ['Mod'] : []),
    ...(altKey ? ['Alt'] : []),
    // Signs need it on some keyboards and not on others.
    ...(shiftKey && (isLetter || key.length > 1) ? ['Shift'] : []),
    isLetter ? key.toLowerCase() : key,
  ].join('+');
}

const actions = Object.keys(everywhere) as readonly Action[];

/** What a key means wherever the focus is. In a field only those count that write nothing. */
export function actionOf(
  pressed: Pressed,
  { writing, letters }: { writing: boolean; letters: boolean },
): Action | undefined {
  const action = meaningOf(pressed, actions);
  const isSign = pressed.key.length === 1 && !pressed.ctrlKey && !pressed.metaKey;
  return isSign && (writing || !letters) ? undefined : action;
}
