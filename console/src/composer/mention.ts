/** What is being typed at the caret: a command at the beginning, or the name of a file anywhere. */
export interface Mention {
  type: 'command' | 'file';
  query: string;
  /** Where it begins, with its sign. */
  from: number;
  to: number;
}

export function mentionAt(text: string, caret: number): Mention | null {
  const before = text.slice(0, caret);
  const command = /^\/(\S*)$/.exec(before);
  if (command !== null) return { type: 'command', query: command[1]!, from: 0, to: caret };
  const file = /(?:^|\s)@([^\s@]{0,200})$/.exec(before);
  if (file === null) return null;
  const query = file[1]!;
  return { type: 'file', query, from: caret - query.length - 1, to: caret };
}

/** The text with the mention replaced by what was chosen, and where the caret is then. */
export function withChosen(
  text: string,
  { type, from, to }: Mention,
  chosen: string,
): { text: string; caret: number } {
  const isFolder = type === 'file' && chosen.endsWith('/');
  const named = type === 'file' && /\s/.test(chosen) ? `"${chosen}"` : chosen;
  const rest = text.slice(to);
  const gap = isFolder || rest.startsWith(' ') ? '' : ' ';
  const put = `${type === 'file' ? '@' : '/'}${named}${gap}`;
  return { text: text.slice(0, from) + put + rest, caret: from + put.length };
}
