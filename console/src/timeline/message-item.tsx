import type { ReactNode } from 'react';
import { useCell } from '../state/cell.ts';
import type { Item } from '../state/timeline.ts';
import { Markdown } from '../text/markdown.tsx';
import { useLog } from '../views/session/session-context.ts';
import { Blocks } from './blocks.tsx';

/** What the agent said. While it speaks only this renders. */
export function MessageItem({ item }: { item: Item }): ReactNode {
  const [entry] = item.entries;
  if (entry === undefined) return <Streaming entryId={item.key} />;
  if (entry.kind !== 'message') return null;
  return (
    <>
      <Blocks content={entry.data.content} />
      {entry.data.incomplete === true && <p className="fate">broken off</p>}
    </>
  );
}

function Streaming({ entryId }: { entryId: string }): ReactNode {
  const text = useCell(useLog().partials.textOf(entryId));
  return (
    <div className="streaming" aria-busy="true">
      <Markdown text={text} streaming />
    </div>
  );
}
