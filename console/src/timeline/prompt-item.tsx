import type { ReactNode } from 'react';
import type { Item } from '../state/timeline.ts';
import { Blocks } from './blocks.tsx';

/** What a person said, where the agent got it. */
export function PromptItem({ item }: { item: Item }): ReactNode {
  const content = contentOf(item);
  const fate = fateOf(item);
  return (
    <div className="prompt-box">
      <Blocks content={content} as="written" />
      {fate !== null && <p className="fate">{fate}</p>}
    </div>
  );
}

/** As it was sent last: it may have been edited while it waited. What an agent is told before it is no word of a person. */
function contentOf({ entries }: Item) {
  const texts = entries.flatMap((entry) => {
    if (entry.kind === 'prompt') return [entry.data.content];
    if (entry.kind === 'queue' && entry.data.content !== undefined) return [entry.data.content];
    if (entry.kind !== 'delivery') return [];
    return [entry.data.primed === true ? entry.data.content.slice(1) : entry.data.content];
  });
  return texts.at(-1) ?? [];
}

function fateOf({ entries }: Item): string | null {
  if (entries.some(({ kind }) => kind === 'delivery')) return null;
  for (const entry of entries.toReversed()) {
    if (entry.kind !== 'queue') continue;
    if (entry.data.change === 'withdrawn') return 'withdrawn';
    if (entry.data.change === 'indeterminate') {
      return 'The agent ended before it was certain that it had this.';
    }
  }
  const steers = entries.some(({ kind, data }) => kind === 'prompt' && data.delivery === 'steer');
  return steers ? 'The agent has not taken this in yet.' : 'starting …';
}
