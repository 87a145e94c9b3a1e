import type { ReactNode } from 'react';
import type { Item } from '../state/timeline.ts';
import { oneLine } from '../text/harmless.ts';

/** A question in the log: what came of it. While it is open it stands above the composer. */
export function DecidedItem({ item }: { item: Item }): ReactNode {
  const asked = item.entries.find(({ kind }) => kind === 'approval' || kind === 'question');
  const decided = item.entries.find(({ kind }) => kind === 'decision' || kind === 'answer');
  const title =
    asked?.kind === 'approval'
      ? asked.data.title
      : asked?.kind === 'question'
        ? asked.data.message
        : 'A question';
  if (decided === undefined) {
    return (
      <p className="decided open">
        <span>waits for you</span> {oneLine(title, 300)}
      </p>
    );
  }
  if (decided.kind !== 'decision' && decided.kind !== 'answer') return null;
  const { outcome, reason } = decided.data;
  const ruling = decided.kind === 'decision' ? decided.data.ruling : undefined;
  const message = decided.kind === 'decision' ? decided.data.message : undefined;
  const why = message ?? ruling?.why ?? reason;
  return (
    <p className={`decided ${outcome}`}>
      <span>{outcome}</span> {oneLine(title, 300)}
      {why !== undefined && <em> {oneLine(why, 300)}</em>}
    </p>
  );
}
