/** What an SQLite error means for those who wait for the write. */
export type Failure =
  /** The disk is full: nothing was stored, the next attempt may succeed. */
  | 'full'
  /** The operating system failed a write or fsync: nobody can know what is on the disk. */
  | 'fatal'
  /** Anything else (a damaged page, a constraint): the write was rolled back. */
  | 'rejected';

const full = 13;
const ioError = 10;

/** Result codes carry the kind in their low byte and the detail above it. */
export function failureOf(error: unknown): Failure {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== 'number') return 'rejected';
  if ((code & 0xff) === full) return 'full';
  return (code & 0xff) === ioError ? 'fatal' : 'rejected';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes(String((error as { code?: unknown }).code));
}
