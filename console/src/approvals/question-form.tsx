import { type ReactNode, useState } from 'react';
import { harmless } from '../text/harmless.ts';
import type { QuestionParts } from './approval-card.tsx';

/** A question that is answered with words. */
export function QuestionForm({ entry, decide, busy }: QuestionParts): ReactNode {
  const [text, setText] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void decide({ answer: text });
      }}
    >
      <h2>{harmless(entry.data.message)}</h2>
      <div className="verdicts">
        <span className="deny">
          <input
            className="field"
            aria-label="Answer"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <button type="submit" className="button primary" disabled={busy || text === ''}>
            Answer
          </button>
        </span>
        <button
          type="button"
          className="button danger"
          disabled={busy}
          onClick={() => void decide({ verdict: 'deny' })}
        >
          Decline
        </button>
      </div>
    </form>
  );
}
