import { type ReactNode, useState } from 'react';
import { count, money, sumOf } from '../../text/amounts.ts';
import type { UsageRow } from './summary.ts';

interface SharesProps {
  title: string;
  rows: readonly UsageRow[];
  /** There are others, which the server was not asked for. */
  more: boolean;
  nameOf: (row: UsageRow) => string;
  open?: (row: UsageRow) => void;
}

const firstShown = 8;

/** A table whose rows are also bars: what used most stands first. */
export function Shares({ title, rows, more, nameOf, open }: SharesProps): ReactNode {
  const [all, setAll] = useState(false);
  const sorted = rows
    .map((row) => ({ row, tokens: sumOf(row.tokens) }))
    .toSorted((a, b) => b.tokens - a.tokens);
  const most = Math.max(1, sorted[0]?.tokens ?? 1);
  const shown = all ? sorted : sorted.slice(0, firstShown);
  if (rows.length === 0) return null;
  return (
    <section className="shares">
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Tokens</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ row, tokens }) => (
            <tr key={row.session ?? row.agent ?? row.model ?? ''}>
              <th scope="row">
                <Name text={nameOf(row)} {...(open === undefined ? {} : { go: () => open(row) })} />
                <span className="bar" style={{ inlineSize: `${(tokens / most) * 100}%` }} />
              </th>
              <td>{count(tokens)}</td>
              <td>{row.cost.map(money).join(' + ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > firstShown && (
        <button type="button" className="quiet" onClick={() => setAll(!all)}>
          {all ? 'Fewer' : `All ${sorted.length}`}
        </button>
      )}
      {all && more && <p className="hint">These are the latest {sorted.length}.</p>}
    </section>
  );
}

function Name({ text, go }: { text: string; go?: () => void }): ReactNode {
  if (go === undefined) return <bdi>{text}</bdi>;
  return (
    <button type="button" className="share-name" onClick={go}>
      <bdi>{text}</bdi>
    </button>
  );
}
