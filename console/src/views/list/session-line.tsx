import { memo, type MouseEvent, type ReactNode } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { meaningOf } from '../../keyboard/shortcut.ts';
import { Icon } from '../../parts/icon.tsx';
import { conditionOf, conditionText, StatusMark } from '../../parts/status.tsx';
import { pathOf } from '../../router.ts';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { money } from '../../text/amounts.ts';
import { oneLine } from '../../text/harmless.ts';
import { age } from '../../text/time.ts';
import { messageOf } from './several.ts';

export interface SessionLineProps {
  row: SessionRow;
  depth: number;
  below: number;
  folded: boolean;
  chosen: boolean;
  /** Chosen for an action on several; null while none are being chosen. */
  marked: boolean | null;
  mark: (session: string) => void;
}

/** One session of the list. It renders again when its own row changes. */
export const SessionLine = memo(function SessionLine(props: SessionLineProps): ReactNode {
  const { row, depth, below, folded, chosen, marked, mark } = props;
  const console = useConsole();
  const now = useCell(console.now);
  const unread = useUnread(row, chosen);
  const route = { view: 'session', session: row.id, seq: null } as const;
  const open = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    if (marked === null) console.router.go(route);
    else mark(row.id);
  };
  return (
    <div
      className={`session-line${chosen ? ' chosen' : ''}${unread ? ' unread' : ''}${marked === true ? ' marked' : ''}`}
      style={{ '--depth': depth } as Record<string, number>}
      onKeyDown={(event) => {
        if (meaningOf(event, ['choose']) && console.letters.get()) mark(row.id);
      }}
    >
      {marked !== null && (
        <input
          type="checkbox"
          className="line-check"
          aria-label={`Select ${titleOf(row)}`}
          checked={marked}
          onChange={() => mark(row.id)}
        />
      )}
      {below > 0 && (
        <button
          type="button"
          className="fold"
          aria-expanded={!folded}
          aria-label={folded ? `Show ${below} below` : 'Hide what is below'}
          onClick={() => console.toggleFold(row.id)}
        >
          <Icon name="chevron" />
        </button>
      )}
      <a href={pathOf(route)} onClick={open} aria-current={chosen ? 'page' : undefined}>
        <StatusMark row={row} />
        <span className="session-title">{titleOf(row)}</span>
        <span className="session-age">{age(row.lastActivityAt, now)}</span>
        <span className="session-more">{moreOf(row)}</span>
        {row.cost !== null && <span className="session-cost">{money(row.cost)}</span>}
        {unread && <span className="unread-mark" role="img" aria-label="unread" />}
      </a>
      {marked === null && <LineButtons row={row} />}
    </div>
  );
});

function LineButtons({ row }: { row: SessionRow }): ReactNode {
  const { client, pinned, togglePin } = useConsoleParts();
  const isPinned = useCell(pinned).includes(row.id);
  const { refused } = useConsole();
  const archive = () =>
    client.sessions
      .patch({ session: row.id, archived: !row.archived })
      .catch((error: unknown) => refused.set(messageOf(error)));
  return (
    <span className="line-buttons">
      <button
        type="button"
        className="quiet icon"
        aria-pressed={isPinned}
        aria-label="Pin"
        title={isPinned ? 'Unpin' : 'Pin'}
        onClick={() => togglePin(row.id)}
      >
        <Icon name="pin" />
      </button>
      <button
        type="button"
        className="quiet icon"
        aria-label={row.archived ? 'Back from the archive' : 'Archive'}
        title={row.archived ? 'Back from the archive' : 'Archive'}
        onClick={() => void archive()}
      >
        <Icon name="archive" />
      </button>
    </span>
  );
}

function useConsoleParts() {
  const console = useConsole();
  return {
    client: console.client,
    pinned: console.pinned,
    togglePin: (session: string) => console.togglePin(session),
  };
}

/** Something happened that this browser has not shown. */
function useUnread(row: SessionRow, chosen: boolean): boolean {
  const console = useConsole();
  const seen = useCell(console.seen)[row.id];
  if (chosen) return false;
  return seen === undefined
    ? row.lastActivityAt > console.since.get() && row.lastRun !== null
    : row.lastSeq > seen;
}

export function titleOf(row: SessionRow): string {
  const title = row.title ?? row.label ?? row.key;
  return title === null ? 'Untitled' : oneLine(title, 120) || 'Untitled';
}

function moreOf(row: SessionRow): string {
  const condition = conditionOf(row);
  const state = condition === 'done' || condition === 'new' ? '' : `${conditionText[condition]} · `;
  const last =
    row.lastMessage === null ? '' : ` · ${oneLine(row.lastMessage.replace(/^[#>*`\s]+/, ''), 90)}`;
  return `${state}${row.agent}${last}`;
}
