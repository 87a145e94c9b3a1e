import type { ReactNode } from 'react';
import { Icon } from '../../parts/icon.tsx';
import { useConsole } from '../../state/context.ts';
import type { ListLine } from '../../state/session-tree.ts';
import { oneLine } from '../../text/harmless.ts';

/** A directory, with the sessions that are in it below. */
export function GroupLine({
  line,
  folded,
}: {
  line: Extract<ListLine, { type: 'group' }>;
  folded: boolean;
}): ReactNode {
  const console = useConsole();
  return (
    <button
      type="button"
      className="group-line"
      aria-expanded={!folded}
      title={line.hint === '' ? undefined : `${line.hint}/${line.title}`}
      onClick={() => console.toggleFold(line.key)}
    >
      <span className="fold">
        <Icon name="chevron" />
      </span>
      <span className="group-name">{oneLine(line.title, 60)}</span>
      <span className="group-place">{oneLine(line.hint, 80)}</span>
      <span className="group-count">{line.count}</span>
    </button>
  );
}
