import type { AskOutside, Choice } from '../domain/command.ts';
import type { By, EntryOf, NewEntry } from '../domain/entry.ts';
import type { Json } from '../domain/json.ts';
import type { Rule, SessionPolicy } from '../domain/policy.ts';
import type { SessionRow } from '../domain/row.ts';
import type { PolicyRow } from '../ports/policies.ts';

/** Questions and who answers them. */
export interface ApprovalOps {
  decide(session: string, input: DecideInput, by: By): Promise<DecideAnswer>;
  /** Something inside the session asks; the same id is the same question, and is answered as often as it is asked. */
  request(session: string, input: Asking, by: By): Promise<AskAnswer>;
  /** Rules that would allow what is asked in an approval from now on; none where no rule can. */
  rulesFor(session: string, approval: NewEntry): Promise<readonly Rule[]>;
  /** The rules that hold for a session, in the order in which they are asked. */
  policyOf(
    session: string,
  ): Promise<{ row: SessionRow; policy: SessionPolicy; policies: readonly PolicyRow[] }>;
}

export interface DecideInput {
  approval: string;
  choice: Choice;
  message?: string;
  input?: Json;
  remember?: { level: 'session' | 'directory'; rules?: readonly Rule[] };
}
export interface DecideAnswer {
  key: string | null;
  decision: { id: string; seq: number };
  outcome: string;
  option?: string;
  /** Whether the message reaches the agent; absent without one. */
  told?: boolean;
  remembered?: { level: 'session' | 'directory'; rules: readonly Rule[] };
}

/** A question without the verdict of the policy; the answer is waited for so long. */
export interface Asking {
  id: string;
  ask: AskOutside['ask'];
  waitMs: number;
}
export interface AskAnswer {
  key: string | null;
  approval: { id: string; seq: number };
  duplicate: boolean;
  decision: EntryOf<'decision'>['data'] | EntryOf<'answer'>['data'] | null;
}
