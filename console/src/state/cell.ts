import { useSyncExternalStore } from 'react';

/** A value that is watched. Views re-render for the cells that they read, and for nothing else. */
export class Cell<Value> {
  #value: Value;
  readonly #watchers = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  readonly get = (): Value => this.#value;

  readonly watch = (tell: () => void): (() => void) => {
    this.#watchers.add(tell);
    return () => void this.#watchers.delete(tell);
  };

  set(value: Value): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const tell of this.#watchers) tell();
  }

  update(change: (value: Value) => Value): void {
    this.set(change(this.#value));
  }
}

/** The value of a cell; the view renders again when it changes. */
export function useCell<Value>(cell: Cell<Value>): Value {
  return useSyncExternalStore(cell.watch, cell.get);
}
