import { type ReactNode, useState } from 'react';
import { type Entry, type EntryOf, type InputOf, RefusalError } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { SessionId } from '../text/whole.tsx';
import { Approval } from './approval.tsx';
import { useDecideKeys, useGuard } from './guard.ts';
import { QuestionForm } from './question-form.tsx';
import './approvals.css';

export type Decide = (
  input: Omit<InputOf<'approvals.decide'>, 'session' | 'approval'>,
) => Promise<void>;

/** What the views of a question have. */
interface Parts<Kind extends 'approval' | 'question'> {
  session: string;
  entry: EntryOf<Kind> & Entry;
  decide: Decide;
  /** Nothing can be decided at the moment. */
  busy: boolean;
}
export type ApprovalParts = Parts<'approval'>;
export type QuestionParts = Parts<'question'>;

/** A question of an agent, with all that it is about, and the ways to decide it. */
export function ApprovalCard({ session, entry }: { session: string; entry: Entry }): ReactNode {
  const { client } = useConsole();
  const [problem, setProblem] = useState<string | null>(null);
  const [deciding, setDeciding] = useState(false);
  const ready = useGuard();
  const busy = deciding || !ready;
  const decide: Decide = async (input) => {
    setDeciding(true);
    setProblem(null);
    try {
      await client.approvals.decide({ session, approval: entry.id, ...input });
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      // Somebody else was first: the log says who, and the card goes with the feed.
      setProblem(error.refusal.message);
    } finally {
      setDeciding(false);
    }
  };
  const byKey = (verdict: 'allow' | 'deny') => () => {
    // A form is filled in; only declining it needs no more than a key.
    if (entry.kind === 'approval' || verdict === 'deny') void decide({ verdict });
  };
  const card = useDecideKeys(!busy, { allow: byKey('allow'), deny: byKey('deny') });
  return (
    <SessionId value={session}>
      <article ref={card} className="approval" aria-busy={deciding} tabIndex={-1}>
        {entry.kind === 'approval' && (
          <Approval session={session} entry={entry} decide={decide} busy={busy} />
        )}
        {entry.kind === 'question' && (
          <QuestionForm session={session} entry={entry} decide={decide} busy={busy} />
        )}
        {problem !== null && (
          <p className="problem" role="alert">
            {oneLine(problem, 400)}
          </p>
        )}
      </article>
    </SessionId>
  );
}
