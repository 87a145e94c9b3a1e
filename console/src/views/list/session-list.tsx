import { type ReactNode, useDeferredValue, useMemo, useState } from 'react';
import { VList } from 'virtua';
import { Icon } from '../../parts/icon.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { listLines } from '../../state/session-tree.ts';
import { GroupLine } from './group-line.tsx';
import { SessionLine } from './session-line.tsx';
import './list.css';

/** All sessions, by directory. Only the lines in sight are there, so ten thousand are no more than twenty. */
export function SessionListView({ chosen }: { chosen: string | null }): ReactNode {
  const console = useConsole();
  const rows = useCell(console.list.rows);
  const ready = useCell(console.list.ready);
  const pinned = useCell(console.pinned);
  const folded = useCell(console.folded);
  const [filter, setFilter] = useState('');
  const [archived, setArchived] = useState(false);
  const words = useDeferredValue(filter);
  const lines = useMemo(
    () =>
      listLines(rows, {
        filter: words,
        archived,
        pinned: new Set(pinned),
        folded: new Set(folded),
      }),
    [rows, words, archived, pinned, folded],
  );
  return (
    <>
      <header className="list-head">
        <div className="list-title">
          <span className="brand">Turnkeep</span>
          <button
            type="button"
            className="quiet"
            onClick={() => console.router.go({ view: 'new' })}
          >
            <Icon name="plus" />
            New
          </button>
        </div>
        <div className="list-filter">
          <Icon name="search" />
          <input
            className="field"
            type="search"
            placeholder="Filter"
            aria-label="Filter sessions"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          <button
            type="button"
            className="quiet icon"
            aria-pressed={archived}
            title={archived ? 'Back to open sessions' : 'Show what is archived'}
            aria-label="Archived sessions"
            onClick={() => setArchived(!archived)}
          >
            <Icon name="archive" />
          </button>
        </div>
      </header>
      {ready && lines.length === 0 && <p className="list-empty">{emptyText(words, archived)}</p>}
      <VList className="list" data={lines} itemSize={44} aria-label="Sessions" tabIndex={-1}>
        {(line) =>
          line.type === 'group' ? (
            <GroupLine key={line.key} line={line} folded={folded.includes(line.key)} />
          ) : (
            <SessionLine
              key={line.key}
              row={line.row}
              depth={line.depth}
              below={line.children}
              folded={folded.includes(line.key)}
              chosen={line.key === chosen}
            />
          )
        }
      </VList>
    </>
  );
}

function emptyText(filter: string, archived: boolean): string {
  if (filter !== '') return 'Nothing fits.';
  return archived ? 'Nothing is archived.' : 'No session yet.';
}
