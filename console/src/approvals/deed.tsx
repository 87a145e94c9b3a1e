import type { ReactNode } from 'react';
import type { ToolCall } from 'turnkeep/client';
import { exact } from '../text/harmless.ts';
import { LongText } from '../text/long-text.tsx';
import { Arguments } from '../tools/arguments.tsx';
import { Diff } from '../tools/diff.tsx';
import { Command } from '../tools/execute.tsx';
import { commandOf, diffsOf } from '../tools/facts.ts';
import { ToolBody } from '../tools/tool-body.tsx';
import type { ApprovalParts } from './approval-card.tsx';
import { restOf } from './rest.ts';

interface DeedProps extends Pick<ApprovalParts, 'entry'> {
  /** With all that lies beside its entry. */
  call: ToolCall | undefined;
}

/** All that would be done: the command to the letter, the edits as diffs, or the input as it is; and what else is in it. */
export function Deed({ entry, call }: DeedProps): ReactNode {
  const { wants } = entry.data;
  const command = wants?.command ?? commandOf(call?.input);
  const cwd = wants?.cwd ?? undefined;
  if (call === undefined && command === undefined) return null;
  const shown = shownOf(call, [command, cwd]);
  const isListed = (wants?.locations ?? []).every((path) => shown.includes(path));
  return (
    <>
      <div className="deed">
        {command === undefined ? (
          call !== undefined && <Contents call={call} entry={entry} />
        ) : (
          <Command text={command} />
        )}
        {command === undefined && !isListed && <Places paths={wants?.locations ?? []} />}
        <Rest input={restOf(call?.input, shown)} />
      </div>
      {cwd !== undefined && (
        <p className="why">
          in <bdi className="mono">{exact(cwd)}</bdi>
        </p>
      )}
    </>
  );
}

/** What the call would change or say. Its input is not chosen from, but stands below. */
function Contents({ call, entry }: Pick<ApprovalParts, 'entry'> & { call: ToolCall }): ReactNode {
  const { input: _, ...rest } = call;
  const diffs = diffsOf(call);
  if (diffs.length > 0 && diffs.length === call.content?.length) {
    return diffs.map((diff, at) => <Diff key={at} diff={diff} />);
  }
  return (call.content ?? []).length > 0 && <ToolBody call={rest} entries={[entry]} />;
}

function Rest({ input }: { input: ToolCall['input'] | undefined }): ReactNode {
  if (typeof input !== 'string') return <Arguments input={input} />;
  return <LongText text={exact(input)} wraps label="input" />;
}

function Places({ paths }: { paths: readonly string[] }): ReactNode {
  return (
    <ul className="places">
      {paths.map((path, at) => (
        <li key={at}>
          <bdi>{exact(path)}</bdi>
        </li>
      ))}
    </ul>
  );
}

/** Texts that the card has to the letter. */
function shownOf(call: ToolCall | undefined, more: readonly (string | undefined)[]): string[] {
  const contents = (call?.content ?? []).flatMap((content) => {
    if (content.type === 'diff') return [content.path, content.oldText ?? '', content.newText];
    return content.type === 'content' && content.content.type === 'text'
      ? [content.content.text]
      : [];
  });
  return [...contents, ...more.filter((text) => text !== undefined)];
}
