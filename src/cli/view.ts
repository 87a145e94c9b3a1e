import { textOf } from '../domain/content.ts';
import type { Entry, EntryOf } from '../domain/entry.ts';
import type { FeedEvent, PartialEvent } from '../client/feed-event.ts';
import { clean, cleanAll } from './clean.ts';
import { renderEntry } from './render/entry.ts';
import type { Look } from './render/look.ts';
import { MarkdownStream } from './render/markdown-stream.ts';

/** A text in progress as far as it has been written. */
interface Written {
  text: string;
  thought: boolean;
  markdown: MarkdownStream;
}

/**
 * A session as it happens. Writes forward only: text in progress as it comes, one text at a time, and
 * everything else whole when its entry is there. Nothing that an agent says is written unclean.
 */
export class View {
  readonly #look: Look;
  readonly #write: (text: string) => void;
  readonly #tell: ((text: string) => void) | undefined;
  /** Prompts that the person typed here need not be shown again. */
  readonly #ownPrompts = new Set<string>();
  readonly #texts = new Map<string, Written>();
  /** Id of the text whose line is not ended. */
  #current: string | null = null;

  /** `tell` takes lines of our own where they would be in the way between those of the session. */
  constructor(look: Look, write: (text: string) => void, tell?: (text: string) => void) {
    this.#look = look;
    this.#write = write;
    this.#tell = tell;
  }

  hide(prompt: string): void {
    this.#ownPrompts.add(prompt);
  }

  show(event: FeedEvent): void {
    switch (event.type) {
      case 'partial':
        if (event.part !== 'output' && event.parentCall === undefined) this.#partial(event);
        break;
      case 'entry':
        this.#entry(cleanAll(event.entry));
        break;
      case 'abandoned':
        if (this.#texts.has(event.entryId)) this.#breakOff(event.entryId, '(broken off)');
        break;
      case 'state':
        if (event.state === 'disconnected') this.note('The daemon is away; waiting for it.');
        break;
      case 'snapshot':
        break;
    }
  }

  /** A line of our own. */
  note(text: string): void {
    if (this.#tell === undefined) this.#mark(text);
    else this.#tell(`${text}\n`);
  }

  #mark(text: string): void {
    this.endLine();
    this.#write(`${this.#look.style.dim(text)}\n`);
  }

  /** Ends a line that is being written, before anything else is. Its text may go on later. */
  endLine(): void {
    const now = this.#current === null ? undefined : this.#texts.get(this.#current);
    this.#current = null;
    if (now !== undefined && !now.text.endsWith('\n')) this.#write(`${now.markdown.end()}\n`);
  }

  #partial(event: PartialEvent): void {
    // While one text is being written another waits: for the end of that one, or for its own entry.
    if (this.#current !== null && this.#current !== event.entryId) return;
    const text = clean(event.whole);
    const before = this.#texts.get(event.entryId);
    if (before !== undefined && !text.startsWith(before.text)) {
      this.#breakOff(event.entryId, '(the text begins again)');
    }
    this.#more(event.entryId, text, event.part === 'thought');
  }

  #more(id: string, text: string, thought: boolean): void {
    const written = this.#texts.get(id) ?? {
      text: '',
      thought,
      markdown: new MarkdownStream(this.#look),
    };
    this.#texts.set(id, written);
    const added = text.slice(written.text.length);
    if (added === '') return;
    written.text = text;
    this.#current = id;
    this.#write(thought ? this.#look.style.dim(added) : written.markdown.write(added));
  }

  #entry(entry: Entry): void {
    if ((entry.kind === 'message' || entry.kind === 'thought') && this.#finish(entry)) return;
    if (entry.kind === 'prompt' && this.#ownPrompts.delete(entry.id)) return;
    const lines = renderEntry(entry, this.#look);
    if (lines.length === 0) return;
    this.endLine();
    this.#write(`${lines.join('\n')}\n`);
  }

  /** Whether the entry's text has been written by now, as far as it is to be. */
  #finish(entry: EntryOf<'message' | 'thought'>): boolean {
    const written = this.#texts.get(entry.id);
    if (written === undefined) return entry.parentCall !== undefined;
    const text = textOf(entry.data.content);
    if (!text.startsWith(written.text)) {
      this.#breakOff(entry.id, '(the text begins again)');
      return false;
    }
    if (this.#current !== entry.id && text !== written.text) this.endLine();
    this.#more(entry.id, text, entry.kind === 'thought');
    if (entry.data.incomplete === true) this.#breakOff(entry.id, '(broken off)');
    else if (this.#current === entry.id) this.endLine();
    this.#texts.delete(entry.id);
    return true;
  }

  #breakOff(id: string, why: string): void {
    this.#mark(why);
    this.#texts.delete(id);
  }
}
