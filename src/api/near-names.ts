/** Steps of one character each (change, insert, remove) from one word to the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

const longest = 64;

/** At most three of the names that a mistyped one may have meant, the nearest first. */
export function nearNames(word: string, names: readonly string[]): string[] {
  if (word.length > longest) return [];
  const typed = word.toLowerCase();
  return names
    .map((name) => ({ name, steps: distance(typed, name.toLowerCase()) }))
    .filter(({ name, steps }) => steps <= Math.max(1, Math.floor(name.length / 3)))
    .toSorted((a, b) => a.steps - b.steps)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** A sentence for the end of a refusal, empty where nothing is near. */
export function didYouMean(word: string, names: readonly string[]): string {
  const near = nearNames(word, names);
  return near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
}
