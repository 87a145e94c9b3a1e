import type { ReactNode } from 'react';
import { Arguments } from '../tools/arguments.tsx';
import { Command } from '../tools/execute.tsx';
import { commandOf, diffsOf } from '../tools/facts.ts';
import { Diff } from '../tools/diff.tsx';
import { ToolBody } from '../tools/tool-body.tsx';
import { exact } from '../text/harmless.ts';
import type { ApprovalParts } from './approval-card.tsx';

/** All that would be done: the command to the letter, the edits as diffs, or the input as it is. */
export function Deed({ entry }: Pick<ApprovalParts, 'entry'>): ReactNode {
  const { toolCall, wants } = entry.data;
  const command = wants?.command ?? commandOf(toolCall?.input);
  const diffs = toolCall === undefined ? [] : diffsOf(toolCall);
  if (command !== undefined && command !== null) {
    return (
      <>
        <div className="deed">
          <Command text={command} />
        </div>
        {wants?.cwd !== null && wants?.cwd !== undefined && (
          <p className="why">
            in <bdi className="mono">{exact(wants.cwd)}</bdi>
          </p>
        )}
      </>
    );
  }
  if (diffs.length > 0) {
    return (
      <div className="deed">
        {diffs.map((diff, at) => (
          <Diff key={at} diff={diff} />
        ))}
      </div>
    );
  }
  if (toolCall === undefined) return null;
  const hasContent = (toolCall.content ?? []).length > 0;
  return (
    <div className="deed">
      {hasContent ? (
        <ToolBody call={toolCall} entries={[entry]} />
      ) : (
        <Arguments input={toolCall.input} />
      )}
      {!hasContent && (wants?.locations ?? []).length > 0 && (
        <ul className="places">
          {wants?.locations.map((path, at) => (
            <li key={at}>
              <bdi>{exact(path)}</bdi>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
