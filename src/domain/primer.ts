import { textOf } from './content.ts';
import type { EntryDataByKind, NewEntry } from './entry.ts';
import { wholeUnits } from './externalise.ts';

const opening =
  'You continue a conversation that you do not remember. What follows is a record of it, oldest first; ' +
  'the last part of this message is the new prompt.';
const omitted = '[Earlier parts are left out.]';
const closing = 'The record ends here. The new prompt:';

/**
 * A conversation as a text for an agent that does not remember it. `parts` are given newest first and are
 * taken as long as they fit; `maxChars` is in UTF-16 units.
 */
export class Primer {
  readonly #maxChars: number;
  readonly #parts: string[] = [];
  #chars = 0;
  #full = false;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** Whether nothing more fits. */
  get full(): boolean {
    return this.#full;
  }

  get empty(): boolean {
    return this.#parts.length === 0;
  }

  add(entry: NewEntry): void {
    const part = partOf(entry);
    if (part === null || this.#full) return;
    this.#chars += part.length + 2;
    this.#full = this.#chars > this.#maxChars;
    if (!this.#full) this.#parts.push(part);
  }

  text(summary?: string): string {
    return [
      opening,
      ...(summary === undefined ? [] : [`Summary of what came before:\n${summary}`]),
      ...(this.#full ? [omitted] : []),
      ...this.#parts.toReversed(),
      closing,
    ].join('\n\n');
  }
}

function partOf(entry: NewEntry): string | null {
  switch (entry.kind) {
    case 'delivery':
      return `User:\n${cut(textOf(ownContent(entry.data)))}`;
    case 'message': {
      const text = textOf(entry.data.content).trim();
      return entry.parentCall !== undefined || text === '' ? null : `Assistant:\n${cut(text)}`;
    }
    case 'tool_call':
      return entry.parentCall === undefined ? `Assistant used a tool: ${entry.data.title}` : null;
    case 'external':
      return `Note:\n${cut(JSON.stringify(entry.data.raw))}`;
    default:
      return null;
  }
}

function ownContent({ content, primed }: EntryDataByKind['delivery']): typeof content {
  return primed === true ? content.slice(1) : content;
}

const partChars = 16_384;

function cut(text: string): string {
  return text.length <= partChars ? text : `${text.slice(0, wholeUnits(text, partChars))} …`;
}
