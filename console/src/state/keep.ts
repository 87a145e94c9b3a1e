import { Cell } from './cell.ts';

/** A cell whose value this browser keeps, under a name. What cannot be read is as if it were not there. */
export class Kept<Value> extends Cell<Value> {
  readonly #name: string;

  constructor(name: string, initial: Value) {
    super(read(name, initial));
    this.#name = `turnkeep.${name}`;
  }

  override set(value: Value): void {
    super.set(value);
    keep(this.#name, value);
  }
}

function read<Value>(name: string, initial: Value): Value {
  try {
    const text = localStorage.getItem(`turnkeep.${name}`);
    return text === null ? initial : (JSON.parse(text) as Value);
  } catch {
    // Another version wrote it, or the browser keeps nothing: it begins anew.
    return initial;
  }
}

function keep(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch (error) {
    // Full, or not allowed: it holds for as long as the page is open.
    console.warn(`${name} is not kept`, error);
  }
}
