import { type ReactNode, useState } from 'react';
import type { ToolCall } from 'turnkeep/client';
import { Allow } from './allow.tsx';
import type { Allowing } from './allowing.ts';
import type { ApprovalParts } from './approval-card.tsx';
import { useUnsent } from './unsent.ts';

interface EditInputProps extends ApprovalParts {
  /** All of it. */
  input: ToolCall['input'];
  allowing: Allowing;
}

/** What the tool is to work with instead: its command, or its whole input as JSON. */
export function EditInput({ entry, decide, input, allowing }: EditInputProps): ReactNode {
  const command = commandIn(input);
  const [{ edited }, change] = useUnsent(entry.id);
  const text = edited ?? command ?? JSON.stringify(input, null, 2);
  const [problem, setProblem] = useState<string | null>(null);
  const allow = (option: string) => {
    const instead =
      command === undefined ? parsed(text) : { value: { ...(input as object), command: text } };
    if (instead === null) return setProblem('This is no JSON.');
    setProblem(null);
    void decide({ option, input: instead.value });
  };
  return (
    <div className="panel">
      <textarea
        className="field mono"
        aria-label={command === undefined ? 'Input of the tool, as JSON' : 'Command'}
        rows={Math.min(14, Math.max(2, text.split('\n').length))}
        spellCheck={false}
        value={text}
        onChange={(event) => change({ edited: event.target.value })}
      />
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="ways">
        <Allow allowing={allowing} label="Allow this instead" disabled={false} allow={allow} />
      </div>
    </div>
  );
}

function commandIn(input: unknown): string | undefined {
  const isObject = typeof input === 'object' && input !== null;
  const command = isObject && 'command' in input ? input.command : undefined;
  return typeof command === 'string' ? command : undefined;
}

function parsed(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // What a person is still writing; it is told where they are.
    return null;
  }
}
