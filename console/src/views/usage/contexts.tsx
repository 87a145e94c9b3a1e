import type { ReactNode } from 'react';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { titleOf } from '../list/session-line.tsx';
import { ContextGauge } from './context-gauge.tsx';

const mostShown = 8;

/** The contexts that are fullest, of sessions that are not put away. */
export function Contexts(): ReactNode {
  const { list, router } = useConsole();
  const rows = useCell(list.rows);
  const fullest = [...rows.values()]
    .filter(({ archived, context }) => !archived && context.known && context.size > 0)
    .toSorted((a, b) => b.context.used / b.context.size - a.context.used / a.context.size)
    .slice(0, mostShown);
  if (fullest.length === 0) return null;
  return (
    <section className="contexts">
      <h2>Context windows</h2>
      <ul>
        {fullest.map((row) => (
          <li key={row.id}>
            <button
              type="button"
              className="share-name"
              onClick={() => router.go({ view: 'session', session: row.id, seq: null })}
            >
              <bdi>{titleOf(row)}</bdi>
            </button>
            <ContextGauge context={row.context} />
          </li>
        ))}
      </ul>
    </section>
  );
}
