import { type ReactNode, useState } from 'react';
import { useCell } from '../state/cell.ts';
import type { Item } from '../state/timeline.ts';
import { Icon } from '../parts/icon.tsx';
import { oneLine } from '../text/harmless.ts';
import { Markdown } from '../text/markdown.tsx';
import { useLog } from '../views/session/session-context.ts';

/** A thought is one line until somebody wants to read it. */
export function ThoughtItem({ item }: { item: Item }): ReactNode {
  const streamed = useCell(useLog().partials.textOf(item.key));
  const [open, setOpen] = useState(false);
  const [entry] = item.entries;
  const text = entry === undefined ? streamed : entry.kind === 'thought' ? textOf(entry) : '';
  return (
    <div className="thought-box">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="fold">
          <Icon name="chevron" />
        </span>
        <span className="thought-line">
          {open ? 'Thought' : oneLine(text, 200) || 'Thinking …'}
        </span>
      </button>
      {open && <Markdown text={text} />}
    </div>
  );
}

function textOf(entry: { data: { content: readonly { type: string; text?: string }[] } }): string {
  return entry.data.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}
