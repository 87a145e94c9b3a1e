import { isWithin } from '../domain/policy.ts';
import { disguiseOf } from './disguise.ts';
import { namesOf } from './glob.ts';
import type { FilePart, Part } from './part.ts';

/**
 * What the world looks like at the moment of a question. Whoever asks looks it up beforehand, for the paths
 * that `pathsOf` names, so that deciding stays pure.
 */
export interface Ground {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The session's working directory, by its real path. */
  readonly root: string;
  /** The daemon's state directory, by its real path. */
  readonly stateDirectory: string;
  /**
   * Real paths. One that does not exist (yet) has the real path of its nearest existing directory, and the
   * rest as it is. Null where nobody can tell, and for a link that leads to nothing: a write would follow it.
   */
  readonly realPaths: ReadonlyMap<string, string | null>;
}

/** A path that is known: as it was given, made absolute, and where it leads. */
export interface Place {
  readonly path: string;
  readonly real: string;
}

/** Makes a path absolute, or says why that cannot be done. */
export function absolute(path: string, cwd: string | null): { path: string } | { why: string } {
  if (path === '' || path.includes('\n') || disguiseOf(path) !== null)
    return { why: 'is an odd path' };
  const names = namesOf(path);
  // What `..` leads to depends on links that lie before it.
  if (names.includes('..')) return { why: 'goes up by `..`' };
  if (path.startsWith('/')) return { path: '/' + names.join('/') };
  if (cwd === null) return { why: 'counts from a directory that is not known' };
  return { path: '/' + [...namesOf(cwd), ...names].join('/') };
}

/** Where a file of a question lies, or why nobody can tell. */
export function placeOf(
  part: FilePart,
  cwd: string | null,
  ground: Ground,
): Place | { why: string } {
  const found = absolute(part.path, cwd);
  if ('why' in found) return found;
  const real = ground.realPaths.get(found.path) ?? null;
  return real === null ? { why: 'leads nobody knows where' } : { path: found.path, real };
}

/** Whether a path is in the state directory, or is one that it lies in. */
export function touchesState(path: string, ground: Ground): boolean {
  return isWithin(path, ground.stateDirectory) || isWithin(ground.stateDirectory, path);
}

/** Absolute paths that words of commands and files may mean. */
export function pathsIn(part: Part, cwd: string | null): string[] {
  const texts =
    part.type === 'file'
      ? [part.path]
      : part.type === 'command'
        ? [...part.words.slice(1), ...part.assignments.map(({ value }) => value)].flatMap(textsOf)
        : [];
  return texts.flatMap((text) => {
    const found = absolute(text, cwd);
    return 'path' in found ? [found.path] : [];
  });
}

/** The forms in which a path stands in a word: alone, as a value, and begun before an expansion. */
function textsOf(word: { readonly fixed: string | null; readonly prefix: string }): string[] {
  const text = word.fixed ?? word.prefix.slice(0, word.prefix.lastIndexOf('/') + 1);
  const values = [...text.matchAll(/[=@:,]/g)]
    .slice(0, 4)
    .map(({ index }) => text.slice(index + 1));
  const attached = /^-\w(?=[/.])/.test(text) ? [text.slice(2)] : [];
  return [text, ...values, ...attached].filter((each) => each !== '');
}

/** Why a command may reach the state directory, as far as its words tell; or null. */
export function reachesState(part: Part, cwd: string | null, ground: Ground): string | null {
  if (part.type !== 'command') return null;
  const words = [...part.words, ...part.assignments.map(({ value }) => value)];
  const name = namesOf(ground.stateDirectory).at(-1) ?? '';
  // A command that only the shell completes is one that nobody can compare.
  const named = words.some((word) =>
    word.fixed === null
      ? word.pieces.some((piece) => piece.includes(name))
      : word.fixed.includes(ground.stateDirectory),
  );
  const led = pathsIn(part, cwd).some(
    (path) =>
      touchesState(path, ground) || touchesState(ground.realPaths.get(path) ?? path, ground),
  );
  return named || led ? 'may reach the state directory' : climbs(words, cwd, ground);
}

/** `..` is followed by the words alone: links before it only lead elsewhere. */
function climbs(
  words: readonly { readonly fixed: string | null }[],
  cwd: string | null,
  ground: Ground,
): string | null {
  for (const { fixed } of words) {
    if (fixed === null || !namesOf(fixed).includes('..')) continue;
    const names = fixed.startsWith('/') ? [] : namesOf(cwd ?? ground.root);
    for (const name of namesOf(fixed)) {
      if (name === '..') names.pop();
      else names.push(name);
    }
    if (touchesState('/' + names.join('/'), ground)) return 'may reach the state directory';
  }
  return null;
}
