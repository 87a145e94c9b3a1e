/** What happens on the way to a log and back, in codes that stay; none tells what is in an entry. */
export type IngressEvent =
  /** Entries are in the log; the second: they were before. */
  | 'stored'
  | 'duplicate'
  /** The log has moved on; then what came of it. */
  | 'conflict'
  | 'rebased'
  | 'forked'
  | 'head_read'
  | 'fenced'
  | 'rejected'
  | 'no_credential'
  | 'gave_up'
  /** An attempt that is made again: no connection, no answer in time, a passing status, an answer that is none. */
  | 'network'
  | 'timeout'
  | 'retry'
  | 'nonsense'
  | 'token_refused'
  | 'token_failed'
  | 'batch_split'
  | 'outbox_failed'
  /** Of readers: a page is there whole; its endpoint does not exist, another one is asked. */
  | 'page'
  | 'fell_back';

export type OnEvent = (
  code: IngressEvent,
  about: { /** Of the answer, where there was one. */ status: number | null; attempt: number },
) => void;
