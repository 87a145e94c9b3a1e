import type { ReactNode } from 'react';
import type { Entry, EntryOf } from 'turnkeep/client';
import { ruleText } from '../approvals/rule-text.ts';
import type { Item } from '../state/timeline.ts';
import { exactLine, oneLine } from '../text/harmless.ts';

type Json = NonNullable<EntryOf<'answer'>['data']['content']> | null;

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

/** What was answered, as it would be said; of several fields each by its name. */
function answerText(content: Json): string {
  if (typeof content !== 'object' || content === null) return String(content);
  const fields = Object.entries(content);
  const [only] = fields;
  if (only !== undefined && fields.length === 1) return valueText(only[1]);
  return fields.map(([name, value]) => `${name}: ${valueText(value)}`).join('; ');
}

function valueText(value: Json): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Why and how it was decided, as far as the entry says. */
function howOf(decided: Extract<Entry, { kind: 'decision' | 'answer' }>): string[] {
  const { reason } = decided.data;
  if (decided.kind === 'answer') {
    const { content } = decided.data;
    const told = content === undefined ? reason : answerText(content);
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
