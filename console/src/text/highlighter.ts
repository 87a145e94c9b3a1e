import type { Span } from './spans.tsx';

/** Longer texts stay plain. */
const mostChars = 60_000;
/** A language's patterns may take for ever on a text that was made for it: the worker then begins anew. */
const patienceMs = 3000;
const kept = 100;

type Spans = readonly Span[] | null;
interface Asked {
  text: string;
  language: string;
  tell: (spans: Spans) => void;
}

/** Colours code in a worker, which is loaded with the first text and does one text at a time. */
export class Highlighter {
  readonly #known = new Map<string, Spans>();
  readonly #waiting: Asked[] = [];
  #worker: Worker | null = null;
  #now: Asked | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #id = 0;

  /** The colours that are known already; undefined where nobody has asked, null where there are none. */
  known(text: string, language: string): Spans | undefined {
    if (text.length > mostChars || language === '') return null;
    return this.#known.get(keyOf(text, language));
  }

  ask(text: string, language: string): Promise<Spans> {
    const known = this.known(text, language);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((tell) => {
      this.#waiting.push({ text, language, tell });
      this.#next();
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = null;
  }

  #next(): void {
    if (this.#now !== null) return;
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    this.#now = asked;
    this.#worker ??= this.#start();
    this.#timer = setTimeout(() => this.#giveUp(), patienceMs);
    this.#worker.postMessage({ id: ++this.#id, text: asked.text, language: asked.language });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./highlight.worker.ts', import.meta.url), {
      type: 'module',
    });
    worker.addEventListener('message', ({ data }: MessageEvent<{ id: number; spans: Spans }>) => {
      if (data.id === this.#id) this.#told(data.spans);
    });
    worker.addEventListener('error', () => this.#giveUp());
    return worker;
  }

  #giveUp(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#told(null);
  }

  #told(spans: Spans): void {
    clearTimeout(this.#timer);
    const asked = this.#now;
    this.#now = null;
    if (asked === null) return;
    this.#known.set(keyOf(asked.text, asked.language), spans);
    const [oldest] = this.#known.keys();
    if (this.#known.size > kept && oldest !== undefined) this.#known.delete(oldest);
    asked.tell(spans);
    this.#next();
  }
}

function keyOf(text: string, language: string): string {
  return `${language}\n${text}`;
}
