import type { InForce } from './in-force.ts';
import type { LineReading } from './reading.ts';

export type Part = 'text' | 'thought';

/** A text that broke off with its connection: the next attempt goes on with it, or it stays incomplete. */
export interface Withdrawn {
  readonly part: Part;
  readonly item: string;
  readonly text: string;
}

type Reading = LineReading<{ readonly inForce: InForce; readonly withdrawn: Withdrawn | null }>;

/**
 * Tells the beginning of a text, or the rest of one that had broken off. Null as long as it only says
 * again what was told before.
 */
export function begin(reading: Reading, part: Part, text: string): string | null {
  const { withdrawn } = reading.state;
  if (withdrawn !== null && withdrawn.part === part) {
    if (withdrawn.text.length > text.length && withdrawn.text.startsWith(text)) return null;
    if (text.startsWith(withdrawn.text)) {
      const { item } = withdrawn;
      reading.change({ withdrawn: null });
      const delta = text.slice(withdrawn.text.length);
      if (delta !== '') reading.emit({ type: 'text', item, part, delta });
      return item;
    }
    giveUp(reading);
  }
  const item = reading.nextItem();
  reading.emit({ type: 'text', item, part, delta: text });
  return item;
}

/** Tells a whole text. */
export function tell(reading: Reading, part: Part, text: string): string {
  const item = begin(reading, part, text);
  if (item !== null) return item;
  // It is whole and shorter than what had broken off: another text.
  giveUp(reading);
  return tell(reading, part, text);
}

/** Nothing goes on with the text that broke off: it stays as it is. */
export function giveUp(reading: Reading): void {
  const { withdrawn } = reading.state;
  if (withdrawn === null) return;
  reading.emit({ type: 'text_end', item: withdrawn.item, incomplete: true });
  reading.change({ withdrawn: null });
}
