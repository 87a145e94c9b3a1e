import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { type Entry, type EntryOf, type InputOf, RefusalError } from 'turnkeep/client';
import { Cell, useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { SessionId } from '../text/whole.tsx';
import { Approval } from './approval.tsx';
import { CardContext } from './decide-button.tsx';
import { type DecideKeys, unseen } from './guard.ts';
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
  /** Says what the keys do with what is on the screen now. */
  bind: (keys: DecideKeys) => void;
}
export type ApprovalParts = Parts<'approval'>;
export type QuestionParts = Parts<'question'>;

/** A question of an agent, with all that it is about, and the ways to decide it. */
export function ApprovalCard({ session, entry }: { session: string; entry: Entry }): ReactNode {
  const { client, guard } = useConsole();
  const [problem, setProblem] = useState<string | null>(null);
  const [deciding, setDeciding] = useState(false);
  const { card, state, bind } = useGuarded(deciding);
  const decide: Decide = async (input) => {
    if (card.current !== null) guard.decided(card.current);
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
  const parts = { session, decide, bind };
  return (
    <SessionId value={session}>
      <CardContext value={{ ...state, deciding }}>
        <article
          ref={card}
          className={state.meant ? 'approval is-meant' : 'approval'}
          aria-busy={deciding}
          tabIndex={-1}
        >
          {entry.kind === 'approval' && <Approval {...parts} entry={entry} />}
          {entry.kind === 'question' && <QuestionForm {...parts} entry={entry} />}
          {problem !== null && (
            <p className="problem" role="alert">
              {oneLine(problem, 400)}
            </p>
          )}
        </article>
      </CardContext>
    </SessionId>
  );
}

/** Watched for as long as it is on the page. */
function useGuarded(deciding: boolean) {
  const { guard } = useConsole();
  const card = useRef<HTMLElement>(null);
  const keys = useRef<DecideKeys>({});
  const busy = useRef(deciding);
  const [cell] = useState(() => new Cell(unseen));
  useLayoutEffect(() => {
    busy.current = deciding;
  });
  useLayoutEffect(() => {
    if (card.current === null) return undefined;
    const asked = () => (busy.current ? {} : keys.current);
    return guard.add({ element: card.current, keys: asked, state: cell });
  }, [guard, cell]);
  const [bind] = useState(() => (next: DecideKeys) => void (keys.current = next));
  return { card, state: useCell(cell), bind };
}
