import type { ContentBlock } from '../domain/content.ts';
import type { SettingsChange } from '../domain/entry.ts';
import type { PolicyChange } from '../domain/policy.ts';
import type { SessionRow } from '../domain/row.ts';
import type { Secrets } from '../domain/settings.ts';

/** What `sessions.create` and `sessions.fork` ask for, and their answer. */
export interface CreateInput {
  id?: string;
  changes: SettingsChange & { agent?: string; cwd?: string };
  /** Beside what it has of its parent or base. */
  policy?: PolicyChange;
  /** It is made from inside its parent: wherever it works, it may do nothing unasked that its parent may not. */
  inside?: true;
  /** Makes the directory where it is not there. */
  makeCwd?: boolean;
  /** Values of variables, by `secretName`. */
  secrets?: Secrets;
  prompt?: { id?: string; content: readonly ContentBlock[] };
}
export interface CreateAnswer {
  row: SessionRow;
  created: boolean;
  prompt?: { id: string; seq: number; state: 'starting' | 'queued'; run?: string };
}
