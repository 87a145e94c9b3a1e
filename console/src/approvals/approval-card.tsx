import { type ReactNode, useState } from 'react';
import { type Entry, type EntryOf, type InputOf, RefusalError } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';
import { harmless, oneLine } from '../text/harmless.ts';
import { LongText } from '../text/long-text.tsx';
import { ToolBody } from '../tools/tool-body.tsx';
import { QuestionForm } from './question-form.tsx';
import './approvals.css';

export type Decide = (
  input: Omit<InputOf<'approvals.decide'>, 'session' | 'approval'>,
) => Promise<void>;

/** A question of an agent, with all that it is about, and the ways to decide it. */
export function ApprovalCard({ session, entry }: { session: string; entry: Entry }): ReactNode {
  const { client } = useConsole();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const decide: Decide = async (input) => {
    setBusy(true);
    setProblem(null);
    try {
      await client.approvals.decide({ session, approval: entry.id, ...input });
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      // Somebody else was first: the log says who, and the card goes with the feed.
      setProblem(error.refusal.message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <article className="approval" aria-busy={busy}>
      {entry.kind === 'approval' && <Approval entry={entry} decide={decide} busy={busy} />}
      {entry.kind === 'question' && <QuestionForm entry={entry} decide={decide} busy={busy} />}
      {problem !== null && <p role="alert">{oneLine(problem, 400)}</p>}
    </article>
  );
}

interface Parts<Kind extends 'approval' | 'question'> {
  entry: EntryOf<Kind> & Entry;
  decide: Decide;
  busy: boolean;
}
export type ApprovalParts = Parts<'approval'>;
export type QuestionParts = Parts<'question'>;

function Approval({ entry, decide, busy }: ApprovalParts): ReactNode {
  const { title, toolCall, wants, ruling } = entry.data;
  const command = wants?.command ?? null;
  return (
    <>
      <h2>{title === command ? 'May it run this?' : oneLine(title, 300)}</h2>
      {command !== null && <LongText text={harmless(command)} />}
      {command === null && toolCall !== undefined && <ToolBody call={toolCall} entries={[entry]} />}
      {ruling !== undefined && <p className="why">{oneLine(ruling.why, 300)}</p>}
      <Verdicts entry={entry} decide={decide} busy={busy} />
    </>
  );
}

function Verdicts({ decide, busy }: ApprovalParts): ReactNode {
  const [reason, setReason] = useState('');
  const deny = () =>
    decide({ verdict: 'deny', ...(reason.trim() === '' ? {} : { message: reason.trim() }) });
  return (
    <div className="verdicts">
      <button
        type="button"
        className="button primary"
        disabled={busy}
        onClick={() => void decide({ verdict: 'allow' })}
      >
        Allow once
      </button>
      <button
        type="button"
        className="button"
        disabled={busy}
        onClick={() => void decide({ verdict: 'allow', remember: 'session' })}
      >
        Allow in this session
      </button>
      <span className="deny">
        <input
          className="field"
          placeholder="Why not (the agent is told)"
          aria-label="Reason of the denial"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        <button type="button" className="button danger" disabled={busy} onClick={() => void deny()}>
          Deny
        </button>
      </span>
    </div>
  );
}
