import { Cell } from './cell.ts';

const prefix = 'turnkeep.';

/** Something that this browser keeps. Every tab has it as the last one left it. */
export interface KeptThing {
  /** Another tab has written under this name; null: it has written anew whatever there was. */
  heard(name: string | null): void;
}

/**
 * A cell whose value this browser keeps, under a name. What is changed is what is kept now, whichever tab wrote
 * it. What cannot be read is as if it were not there.
 */
export class Kept<Value> extends Cell<Value> implements KeptThing {
  readonly #name: string;
  readonly #initial: Value;

  constructor(name: string, initial: Value) {
    super(read(name, initial));
    this.#name = name;
    this.#initial = initial;
  }

  override set(value: Value): void {
    super.set(value);
    keep(this.#name, value);
  }

  override update(change: (value: Value) => Value): void {
    const now = this.get();
    const kept = read(this.#name, now);
    // The same value stays the same object: who watches is told of changes alone.
    this.set(change(isSame(kept, now) ? now : kept));
  }

  heard(name: string | null): void {
    if (name !== null && name !== prefix + this.#name) return;
    const kept = read(this.#name, this.#initial);
    if (!isSame(kept, this.get())) super.set(kept);
  }
}

/** Values by their keys, each of them kept by itself: tabs that change different ones do not meet. */
export class KeptMap<Value> extends Cell<{ readonly [key: string]: Value }> implements KeptThing {
  readonly #name: string;

  constructor(name: string) {
    super(readAll(name));
    this.#name = name;
  }

  /** Null takes it away. */
  put(key: string, value: Value | null): void {
    const { [key]: _old, ...others } = this.get();
    super.set(value === null ? others : { ...others, [key]: value });
    keep(`${this.#name}.${key}`, value);
  }

  heard(name: string | null): void {
    if (name === null) return super.set(readAll(this.#name));
    const begin = `${prefix}${this.#name}.`;
    if (!name.startsWith(begin)) return;
    const key = name.slice(begin.length);
    const { [key]: _old, ...others } = this.get();
    const value = read<Value | null>(`${this.#name}.${key}`, null);
    super.set(value === null ? others : { ...others, [key]: value });
  }
}

/** Tells kept things what other tabs write, until the signal is aborted. */
export function hear(things: readonly KeptThing[], signal: AbortSignal): void {
  const tell = ({ key }: StorageEvent) => {
    for (const thing of things) thing.heard(key);
  };
  addEventListener('storage', tell, { signal });
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function read<Value>(name: string, initial: Value): Value {
  try {
    const text = localStorage.getItem(prefix + name);
    return text === null ? initial : (JSON.parse(text) as Value);
  } catch {
    // Another version wrote it, or the browser keeps nothing: it begins anew.
    return initial;
  }
}

function readAll<Value>(name: string): { readonly [key: string]: Value } {
  const begin = `${prefix}${name}.`;
  const found: { [key: string]: Value } = {};
  for (const key of names().filter((one) => one.startsWith(begin))) {
    const value = read<Value | null>(key.slice(prefix.length), null);
    if (value !== null) found[key.slice(begin.length)] = value;
  }
  return found;
}

function names(): readonly string[] {
  try {
    return Object.keys(localStorage);
  } catch {
    // The browser keeps nothing.
    return [];
  }
}

function keep(name: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, JSON.stringify(value));
  } catch (error) {
    // Full, or not allowed: it holds for as long as the page is open.
    console.warn(`${name} is not kept`, error);
  }
}
