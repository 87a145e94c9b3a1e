import { type ReactNode, useState } from 'react';
import { commandOf } from '../tools/facts.ts';
import type { ApprovalParts } from './approval-card.tsx';

/** What the tool is to work with instead: its command, or its whole input as JSON. */
export function EditInput({ entry, decide, busy }: ApprovalParts): ReactNode {
  const input = entry.data.toolCall?.input;
  const command = typeof commandIn(input) === 'string' ? commandOf(input) : undefined;
  const [text, setText] = useState(command ?? JSON.stringify(input, null, 2));
  const [problem, setProblem] = useState<string | null>(null);
  const allow = () => {
    const edited =
      command === undefined ? parsed(text) : { value: { ...(input as object), command: text } };
    if (edited === null) return setProblem('This is no JSON.');
    setProblem(null);
    void decide({ verdict: 'allow', input: edited.value });
  };
  return (
    <div className="panel">
      <textarea
        className="field mono"
        aria-label={command === undefined ? 'Input of the tool, as JSON' : 'Command'}
        rows={Math.min(14, Math.max(2, text.split('\n').length))}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="button" className="button primary" disabled={busy} onClick={allow}>
        Allow this instead
      </button>
    </div>
  );
}

function commandIn(input: unknown): unknown {
  return typeof input === 'object' && input !== null && 'command' in input
    ? input.command
    : undefined;
}

function parsed(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // What a person is still writing; it is told where they are.
    return null;
  }
}
