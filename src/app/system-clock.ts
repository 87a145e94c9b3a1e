import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../ports/clock.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** The machine's own time and chance. */
export function systemClock(): Clock {
  const ids = new TimeOrderedIds();
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: (ms, call) => {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
    soon: (call) => void setImmediate(call),
    newId: () => ids.next(),
    sha256: (content) => createHash('sha256').update(content).digest('hex'),
  };
}

/**
 * Ids of 26 characters: 10 for the millisecond, 3 for the place within it, 13 by chance (65 bits). Sorted
 * by time, so that they go to the end of an index; never smaller than the one before, also when the
 * clock is set back.
 */
class TimeOrderedIds {
  #time = 0;
  #place = 0;

  next(): string {
    const now = Date.now();
    if (now > this.#time) {
      this.#time = now;
      this.#place = 0;
    } else if (++this.#place >= 32 ** 3) {
      this.#time += 1;
      this.#place = 0;
    }
    return base32(this.#time, 10) + base32(this.#place, 3) + chance(13);
  }
}

function base32(value: number, width: number): string {
  let text = '';
  for (let rest = value, at = 0; at < width; at++, rest = Math.floor(rest / 32)) {
    text = alphabet[rest % 32]! + text;
  }
  return text;
}

function chance(width: number): string {
  return Array.from(randomBytes(width), (byte) => alphabet[byte & 31]).join('');
}
