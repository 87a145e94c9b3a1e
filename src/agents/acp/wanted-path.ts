import { isObject, type Json } from '../../domain/json.ts';

/** Members that say within them which files they change. */
const changing = /^(?:patch|diff|input|changes)$/;
const deepest = 6;

/**
 * Paths that an input names, by the names of its members; undefined where one cannot be told. `shown`: diffs
 * beside it say what its texts change.
 */
export function pathsIn(input: Json, shown: boolean, depth = 0): string[] | undefined {
  if (typeof input !== 'object' || input === null) return [];
  if (depth > deepest) return undefined;
  const found: string[] = [];
  for (const [key, value] of Object.entries(input as { readonly [key: string]: Json })) {
    const paths = isPathKey(key) ? pathsOf(value) : pathsIn(value, shown, depth + 1);
    if (paths === undefined || (changing.test(key.toLowerCase()) && !shown)) return undefined;
    if (!Array.isArray(input) && key.startsWith('/')) found.push(key);
    found.push(...paths);
  }
  return found;
}

function isPathKey(key: string): boolean {
  const plain = key.replaceAll(/[_-]/g, '').toLowerCase();
  if (/(?:text|contents?|type|size|count|format)$/.test(plain)) return false;
  return (
    /path|file|dir|folder|notebook/.test(plain) ||
    /^(?:uri|source|src|destination|dest|dst|from|to|target)$/.test(plain)
  );
}

/** Only what is absolute is known. Numbers and yes or no are no paths, whatever they are called. */
function pathsOf(value: Json): string[] | undefined {
  if (typeof value === 'string') return value.startsWith('/') ? [value] : undefined;
  if (Array.isArray(value)) {
    const lists = value.map((each: Json) => pathsOf(each));
    return lists.includes(undefined) ? undefined : lists.flatMap((list) => list ?? []);
  }
  return isObject(value) ? undefined : [];
}

/** Whether a pattern may lead out of the directory in which it is looked for. */
export function wanders(pattern: string): boolean {
  return /^\s|\.\.|~/.test(pattern) || /(^|[{,(|])\//.test(pattern);
}
