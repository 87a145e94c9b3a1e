/** Time and chance, given to pure code as arguments and to the engine as a port. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch: for display only, never for order or deadlines. */
  now(): number;
  /** Monotonic milliseconds: for deadlines and durations. */
  monotonic(): number;
  /** Calls once after `ms`; the returned function takes it back. */
  after(ms: number, call: () => void): () => void;
  /** Calls once in a later turn of the event loop, after what waits there already. */
  soon(call: () => void): void;
  /** A time-ordered unique id that matches `idPattern`. */
  newId(): string;
  /** Lower-case hex SHA-256 of bytes, or of a text's UTF-8. */
  sha256(content: string | Uint8Array): string;
}
