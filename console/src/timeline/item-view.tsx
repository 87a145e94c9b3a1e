import { memo, type ReactNode, useState } from 'react';
import { Boundary } from '../parts/boundary.tsx';
import { placeOf } from '../state/log-window.ts';
import type { Item } from '../state/timeline.ts';
import { ToolCard } from '../tools/tool-card.tsx';
import { DecidedItem } from './decided-item.tsx';
import { EndItem } from './end-item.tsx';
import { MessageItem } from './message-item.tsx';
import { NoteItem } from './note-item.tsx';
import { PlanItem } from './plan-item.tsx';
import { PromptItem } from './prompt-item.tsx';
import { RunHead } from './run-head.tsx';
import { RawEntries } from './raw-entries.tsx';
import { ThoughtItem } from './thought-item.tsx';
import './timeline.css';

/** One item of the log, with the entries that it is made of behind it. It renders again when the item changes. */
export const ItemView = memo(function ItemView({
  item,
  marked,
}: {
  item: Item;
  marked: boolean;
}): ReactNode {
  const [raw, setRaw] = useState(false);
  // A heading is about entries that have items of their own.
  const [first] = item.type === 'run' ? [] : item.entries;
  const seq = first?.seq;
  const base = first === undefined ? null : placeOf(first).base;
  return (
    <div
      className={`item is-${item.type}${marked ? ' marked' : ''}${item.parentCall === null ? '' : ' nested'}`}
      data-seq={seq}
      data-log={base ?? undefined}
    >
      <div className="item-inside">
        <Boundary of={`${item.key}:${item.entries.length}`}>
          <ItemBody item={item} />
        </Boundary>
        {seq !== undefined && (
          <button
            type="button"
            className="raw-button"
            aria-expanded={raw}
            aria-label={`Raw entry ${seq}`}
            title={`entry ${seq}`}
            onClick={() => setRaw(!raw)}
          >
            {seq}
          </button>
        )}
        {raw && <RawEntries entries={item.entries} />}
      </div>
    </div>
  );
});

function ItemBody({ item }: { item: Item }): ReactNode {
  switch (item.type) {
    case 'prompt':
      return <PromptItem item={item} />;
    case 'message':
      return <MessageItem item={item} />;
    case 'thought':
      return <ThoughtItem item={item} />;
    case 'tool':
      return (
        <ToolCard
          entries={item.entries}
          {...(item.children.length === 0 ? {} : { nested: <Nested items={item.children} /> })}
        />
      );
    case 'run':
      return <RunHead item={item} />;
    case 'approval':
    case 'question':
      return <DecidedItem item={item} />;
    case 'plan':
      return <PlanItem item={item} />;
    case 'end':
      return <EndItem item={item} />;
    case 'note':
      return <NoteItem item={item} />;
  }
}

/** So much of what a sub-agent did is shown at once. */
const mostNested = 40;

/** What a sub-agent did, in the card of the call that started it. */
function Nested({ items }: { items: readonly Item[] }): ReactNode {
  const [most, setMost] = useState(mostNested);
  const left = items.length - most;
  return (
    <div className="nested-items">
      {left > 0 && (
        <button type="button" className="quiet more" onClick={() => setMost(most + 100)}>
          {left.toLocaleString()} before
        </button>
      )}
      {items.slice(Math.max(0, left)).map((item) => (
        <ItemView key={item.key} item={item} marked={false} />
      ))}
    </div>
  );
}
