import type { ReactNode } from 'react';
import type { Entry } from 'turnkeep/client';
import { ruleText } from '../approvals/rule-text.ts';
import type { Item } from '../state/timeline.ts';
import { exactLine, oneLine } from '../text/harmless.ts';

/** A question in the log: what came of it. While it is open it stands above the composer. */
export function DecidedItem({ item }: { item: Item }): ReactNode {
  const asked = item.entries.find(({ kind }) => kind === 'approval' || kind === 'question');
  const decided = item.entries.find(({ kind }) => kind === 'decision' || kind === 'answer');
  const title =
    asked?.kind === 'approval'
      ? exactLine(asked.data.title)
      : asked?.kind === 'question'
        ? oneLine(asked.data.message, 300)
        : 'A question';
  if (decided === undefined) {
    return (
      <p className="decided open">
        <span>waits for you</span> <bdi>{title}</bdi>
      </p>
    );
  }
  if (decided.kind !== 'decision' && decided.kind !== 'answer') return null;
  return (
    <p className={`decided ${decided.data.outcome}`}>
      <span>{decided.data.outcome}</span> <bdi>{title}</bdi>
      {howOf(decided).map((how, at) => (
        <em key={at}>
          {' '}
          <bdi>{how}</bdi>
        </em>
      ))}
    </p>
  );
}

/** Why and how it was decided, as far as the entry says. */
function howOf(decided: Extract<Entry, { kind: 'decision' | 'answer' }>): string[] {
  const { reason } = decided.data;
  if (decided.kind === 'answer') {
    const { content } = decided.data;
    const told = content === undefined ? reason : JSON.stringify(content);
    return told === undefined ? [] : [exactLine(told)];
  }
  const { message, ruling, input, remembered } = decided.data;
  const why = message ?? ruling?.why ?? reason;
  const rules = remembered?.rules.map(ruleText).join('; ');
  return [
    ...(why === undefined ? [] : [oneLine(why, 300)]),
    ...(input === undefined ? [] : [`with ${exactLine(JSON.stringify(input))}`]),
    ...(rules === undefined
      ? []
      : [`from now on in this ${remembered!.level}: ${exactLine(rules)}`]),
  ];
}
