/** Time and chance, given to pure code as arguments and to the engine as a port. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch: for display only, never for order or deadlines. */
  now(): number;
  /** Monotonic milliseconds: for deadlines and durations. */
  monotonic(): number;
  /** Calls once after `ms`; the returned function takes it back. */
  after(ms: number, call: () => void): () => void;
  /** A time-ordered unique id that matches `idPattern`. */
  newId(): string;
  /** Lower-case hex SHA-256 of the UTF-8 text. */
  sha256(text: string): string;
}
