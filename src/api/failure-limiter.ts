import type { Clock } from '../ports/clock.ts';

const failuresPerWindow = 10;
const windowMs = 60_000;
/** Addresses remembered; the one that failed least recently is forgotten first. */
const maxAddresses = 10_000;

/**
 * Slows guessing of credentials: an address has ten failures a minute, of whatever kind. Callers
 * with a valid token never meet it, so one wrong program on a machine locks nobody else out.
 */
export class FailureLimiter {
  #clock: Clock;
  #failures = new Map<string, number[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a failure; answers the seconds to wait where the address has had its ten, else null. */
  fail(address: string): number | null {
    const bucket = bucketOf(address);
    const now = this.#clock.monotonic();
    const recent = (this.#failures.get(bucket) ?? []).filter((at) => now - at < windowMs);
    const [oldest] = recent;
    const limited = recent.length >= failuresPerWindow && oldest !== undefined;
    if (!limited) recent.push(now);
    this.#remember(bucket, recent);
    return limited ? Math.max(1, Math.ceil((oldest + windowMs - now) / 1000)) : null;
  }

  #remember(bucket: string, failures: number[]): void {
    this.#failures.delete(bucket);
    this.#failures.set(bucket, failures);
    if (this.#failures.size <= maxAddresses) return;
    const [first] = this.#failures.keys();
    if (first !== undefined) this.#failures.delete(first);
  }
}

/**
 * One bucket per machine: IPv4 in its own form, IPv6 by its /64, of which a machine has all
 * addresses.
 */
export function bucketOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
