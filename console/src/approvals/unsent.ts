import { useCallback } from 'react';
import { Cell, useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import type { Value } from './form.ts';

/** What somebody has begun to say to a question, and not sent. */
export interface Begun {
  readonly fields: ReadonlyMap<string, Value>;
  readonly text: string;
  /** Why not. */
  readonly reason: string;
  /** What is to be done instead; null where nobody has begun to change it. */
  readonly edited: string | null;
}

const nothing: Begun = { fields: new Map(), text: '', reason: '', edited: null };

/** So many questions; those that were looked at longest ago go first. */
const atMost = 200;

/** Kept for as long as the page lives: who looks elsewhere in between finds it again. */
export class Unsent {
  readonly #cells = new Map<string, Cell<Begun>>();

  of(approval: string): Cell<Begun> {
    const cell = this.#cells.get(approval) ?? new Cell(nothing);
    this.#cells.delete(approval);
    this.#cells.set(approval, cell);
    for (const [oldest] of this.#cells) {
      if (this.#cells.size <= atMost) break;
      this.#cells.delete(oldest);
    }
    return cell;
  }
}

export function useUnsent(approval: string): [Begun, (change: Partial<Begun>) => void] {
  const { unsent } = useConsole();
  const cell = unsent.of(approval);
  const change = useCallback(
    (change: Partial<Begun>) => cell.update((begun) => ({ ...begun, ...change })),
    [cell],
  );
  return [useCell(cell), change];
}
