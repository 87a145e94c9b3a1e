/** A wish that Codex is not told of, as the log has it. */
export interface Unmet {
  code: string;
  text: string;
  /** Working without it would be another session than was asked for: it is not opened. */
  needed?: true;
}
