import { type ReactNode, useCallback, useDeferredValue, useMemo, useState } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { VList } from 'virtua';
import { Icon } from '../../parts/icon.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { type ListLine, listLines } from '../../state/session-tree.ts';
import { GroupLine } from './group-line.tsx';
import { SessionLine } from './session-line.tsx';
import { SeveralBar } from './several-bar.tsx';
import './list.css';

const none: ReadonlySet<string> = new Set();

/** All sessions, by directory. Only the lines in sight are there, so ten thousand are no more than twenty. */
export function SessionListView({ chosen }: { chosen: string | null }): ReactNode {
  const console = useConsole();
  const ready = useCell(console.list.ready);
  const more = useCell(console.list.more);
  const folded = new Set(useCell(console.folded));
  const [filter, setFilter] = useState('');
  const [archived, setArchived] = useState(false);
  const words = useDeferredValue(filter);
  const lines = useLines(words, archived);
  const several = useSeveral();
  return (
    <>
      <header className="list-head">
        <div className="list-title">
          <span className="brand">Turnkeep</span>
          <span className="list-buttons">
            <button
              type="button"
              className="quiet"
              aria-pressed={several.marked !== null}
              title="Select several (x)"
              onClick={several.marked === null ? several.begin : several.close}
            >
              Select
            </button>
            <button
              type="button"
              className="quiet"
              onClick={() => console.router.go({ view: 'new' })}
            >
              <Icon name="plus" />
              New
            </button>
          </span>
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
            onClick={() => {
              setArchived(!archived);
              several.close();
            }}
          >
            <Icon name="archive" />
          </button>
        </div>
      </header>
      {ready && lines.length === 0 && <p className="list-empty">{emptyText(words, archived)}</p>}
      <VList className="list" data={lines} itemSize={44} aria-label="Sessions" tabIndex={-1}>
        {(line) =>
          line.type === 'group' ? (
            <GroupLine key={line.key} line={line} folded={folded.has(line.key)} />
          ) : (
            <SessionLine
              key={line.key}
              row={line.row}
              depth={line.depth}
              below={line.children}
              folded={folded.has(line.key)}
              chosen={line.key === chosen}
              marked={several.marked?.has(line.key) ?? null}
              mark={several.mark}
            />
          )
        }
      </VList>
      {more && (
        <p className="list-more" role="status">
          The latest sessions; the others are being read …
        </p>
      )}
      {several.marked !== null && (
        <SeveralBar
          marked={several.marked}
          shown={rowsOf(lines)}
          archived={archived}
          markAll={() => several.set(rowsOf(lines))}
          clear={() => several.set([])}
          close={several.close}
        />
      )}
    </>
  );
}

/** What the list shows. Rows of agents at work change often: what is typed and clicked goes before them. */
function useLines(words: string, archived: boolean): readonly ListLine[] {
  const console = useConsole();
  const rows = useDeferredValue(useCell(console.list.rows));
  const pinned = useCell(console.pinned);
  const folded = useCell(console.folded);
  return useMemo(
    () =>
      listLines(rows, {
        filter: words,
        archived,
        pinned: new Set(pinned),
        folded: new Set(folded),
      }),
    [rows, words, archived, pinned, folded],
  );
}

/** Which sessions are chosen for an action on several; null while none are being chosen. */
function useSeveral() {
  const [marked, setMarked] = useState<ReadonlySet<string> | null>(null);
  const mark = useCallback((session: string) => {
    setMarked((now) => {
      const next = new Set(now ?? none);
      if (!next.delete(session)) next.add(session);
      return next;
    });
  }, []);
  return {
    marked,
    mark,
    set: (rows: readonly SessionRow[]) => setMarked(new Set(rows.map(({ id }) => id))),
    begin: () => setMarked(none),
    close: () => setMarked(null),
  };
}

function rowsOf(lines: readonly ListLine[]): SessionRow[] {
  return lines.flatMap((line) => (line.type === 'session' ? [line.row] : []));
}

function emptyText(filter: string, archived: boolean): string {
  if (filter !== '') return 'Nothing fits.';
  return archived ? 'Nothing is archived.' : 'No session yet.';
}
