/**
 * Whether a glob covers an absolute path: `*` and `?` stay within a name, `**` is any number of them, and
 * everything else is itself.
 */
export function covers(glob: string, path: string): boolean {
  const patterns = namesOf(glob);
  // For each beginning of the pattern: whether it covers the names so far.
  let reached = patterns.map((_, at) => at === 0).concat(patterns.length === 0);
  reached = spread(patterns, reached);
  for (const name of namesOf(path)) {
    const next = reached.map(() => false);
    for (const [at, pattern] of patterns.entries()) {
      if (!reached[at]) continue;
      if (pattern === '**') next[at] = true;
      else if (coversName(pattern, name)) next[at + 1] = true;
    }
    reached = spread(patterns, next);
  }
  return reached[patterns.length]!;
}

function spread(patterns: readonly string[], reached: boolean[]): boolean[] {
  for (const [at, pattern] of patterns.entries()) {
    if (pattern === '**' && reached[at]) reached[at + 1] = true;
  }
  return reached;
}

export function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** One name, in time that is bounded by the product of both lengths. */
function coversName(pattern: string, name: string): boolean {
  let star = -1;
  let from = 0;
  let at = 0;
  let read = 0;
  while (read < name.length) {
    if (pattern[at] === '*') {
      star = at++;
      from = read;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[read])) {
      at++;
      read++;
    } else if (star >= 0) {
      at = star + 1;
      read = ++from;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
