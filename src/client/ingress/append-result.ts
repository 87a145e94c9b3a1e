/** What became of an entry. */
export type AppendResult =
  /** It is in the log of `session`; `duplicate`: it was there already, mostly because an answer was lost. */
  | { result: 'stored' | 'duplicate'; session: string }
  /** It is not, and nothing of this session is sent before `resume` or `discard`. */
  | { result: 'conflict'; kept: true; head: string | null }
  | { result: 'fenced'; kept: true }
  /** `kept`: false where only this entry is not taken; those after it are sent. */
  | { result: 'rejected'; kept: boolean; status: number; message: string }
  /** It is not yet; the next `append` or `resume` of the session tries again, in the same order. */
  | { result: 'no_credential' | 'gave_up'; kept: boolean; status: number | null };

/** Why the entries of a log wait. */
export type Stuck = Exclude<AppendResult, { result: 'stored' | 'duplicate' }>;

/** Whether the next entry is reason enough to try again. */
export function passes({ result }: Stuck): boolean {
  return result === 'no_credential' || result === 'gave_up';
}
