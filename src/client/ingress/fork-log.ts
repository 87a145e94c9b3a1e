import type { IngressAccess } from './access.ts';
import type { Failure, Trying } from './attempts.ts';
import { batchOf, type BatchBounds } from './batch.ts';
import { type Line, lineOf } from './line.ts';
import { readPage } from './pages.ts';
import { ingressPath, put } from './put.ts';

export interface Copying {
  from: string;
  to: string;
  /** The last entry that is copied; null for none. */
  at: string | null;
  bounds: BatchBounds;
}

/** The beginning of a log as another one. The same again adds nothing, so it may be cut off anywhere. */
export async function copyLog(
  access: IngressAccess,
  { from, to, at, bounds }: Copying,
  trying: Trying,
): Promise<{ copied: 'whole' | 'not there' } | Failure> {
  if (at === null) return { copied: 'whole' };
  const copy = new Copy(access, to, { bounds, trying });
  const page = readPage(access, { path: ingressPath(from), array: 'loglines' }, trying);
  try {
    for (;;) {
      const { done, value } = await page.next();
      if (done === true) {
        if (value.whole || value.why === 'missing') return { copied: 'not there' };
        return { failed: value.why === 'no_credential' ? value.why : 'gave_up', status: null };
      }
      const line = lineOf(value);
      const last = line.uuid === at;
      const failed = await copy.add(line, last);
      if (failed !== null) return failed;
      if (last) return { copied: 'whole' };
    }
  } finally {
    await page.return({ whole: false, why: 'gave_up' });
  }
}

class Copy {
  readonly #access: IngressAccess;
  readonly #to: string;
  readonly #with: { bounds: BatchBounds; trying: Trying };
  #lines: Line[] = [];
  #head: string | null = null;
  #batches = false;

  constructor(access: IngressAccess, to: string, more: { bounds: BatchBounds; trying: Trying }) {
    this.#access = access;
    this.#to = to;
    this.#with = more;
  }

  /** Null where all is well. */
  async add(line: Line, last: boolean): Promise<Failure | null> {
    const { entries } = this.#with.bounds;
    this.#lines.push(line);
    while (this.#lines.length >= (last ? 1 : entries)) {
      const failed = await this.#send();
      if (failed !== null) return failed;
    }
    return null;
  }

  async #send(): Promise<Failure | null> {
    const { bounds, trying } = this.#with;
    const lines = this.#batches ? batchOf(this.#lines, bounds) : this.#lines.slice(0, 1);
    const told = await put(this.#access, { session: this.#to, head: this.#head, lines }, trying);
    if ('failed' in told) return told;
    switch (told.put) {
      case 'stored':
        trying.deadline.renew();
        this.#batches = told.batches;
        this.#head = lines.findLast(({ uuid }) => uuid !== null)?.uuid ?? this.#head;
        this.#lines = this.#lines.slice(lines.length);
        return null;
      case 'conflict':
        // A part of it is there, from an earlier try.
        if (told.head === undefined || told.head === this.#head) break;
        this.#head = told.head;
        return null;
      case 'too much':
        this.#batches = false;
        return null;
      case 'fenced':
      case 'rejected':
        break;
    }
    return { failed: 'gave_up', status: null };
  }
}
