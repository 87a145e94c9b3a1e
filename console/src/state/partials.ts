import type { Entry, PartialEvent } from 'turnkeep/client';
import { Cell } from './cell.ts';
import { Frame } from './frame.ts';
import type { PartialText } from './timeline.ts';

/**
 * Texts in progress. Each has a cell of its own, so that a token re-renders one paragraph; `open` changes only
 * when a text begins or ends.
 */
export class Partials {
  readonly open = new Cell<readonly PartialText[]>([]);
  readonly #texts = new Map<string, Cell<string>>();
  readonly #fresh = new Map<string, string>();
  readonly #frame = new Frame(() => this.#flush());

  /** The text of a message or thought in progress, or the output of a tool call by the agent's id of it. */
  textOf(key: string): Cell<string> {
    let cell = this.#texts.get(key);
    if (cell === undefined) this.#texts.set(key, (cell = new Cell('')));
    return cell;
  }

  add({ entryId, part, whole, parentCall, call }: PartialEvent): void {
    if (part === 'output') {
      this.#fresh.set(call ?? entryId, whole);
    } else {
      this.#fresh.set(entryId, whole);
      if (!this.open.get().some((text) => text.entryId === entryId)) {
        this.open.update((open) => [...open, { entryId, part, parentCall: parentCall ?? null }]);
      }
    }
    this.#frame.ask();
  }

  /** An entry ends the text of its id, and the output of its tool call. */
  end(entry: Entry): void {
    this.drop(entry.id);
    if (entry.kind === 'tool_call') this.#forget(entry.data.call);
  }

  drop(entryId: string): void {
    this.#forget(entryId);
    if (this.open.get().some((text) => text.entryId === entryId)) {
      this.open.update((open) => open.filter((text) => text.entryId !== entryId));
    }
  }

  #forget(key: string): void {
    this.#fresh.delete(key);
    this.#texts.delete(key);
  }

  #flush(): void {
    for (const [key, text] of this.#fresh) this.textOf(key).set(text);
    this.#fresh.clear();
  }
}
