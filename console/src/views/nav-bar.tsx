import type { ReactNode } from 'react';
import { Icon, type IconName } from '../parts/icon.tsx';
import type { Route } from '../router.ts';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';

const places: readonly {
  view: 'sessions' | 'inbox' | 'usage' | 'settings';
  icon: IconName;
  name: string;
}[] = [
  { view: 'sessions', icon: 'list', name: 'Sessions' },
  { view: 'inbox', icon: 'inbox', name: 'Inbox' },
  { view: 'usage', icon: 'chart', name: 'Usage' },
  { view: 'settings', icon: 'gear', name: 'Settings' },
];

export function NavBar(): ReactNode {
  const { router, list } = useConsole();
  const route = useCell(router.route);
  const rows = useCell(list.rows);
  const waiting = rows.values().reduce((sum, { openApprovals }) => sum + openApprovals, 0);
  const here = route.view === 'session' || route.view === 'new' ? 'sessions' : route.view;
  return (
    <nav className="nav-bar" aria-label="Console">
      {places.map(({ view, icon, name }) => (
        <button
          key={view}
          type="button"
          className="quiet"
          aria-current={here === view ? 'page' : undefined}
          onClick={() => router.go({ view } satisfies Route)}
        >
          <Icon name={icon} />
          <span className={view === 'settings' ? 'nav-small' : undefined}>{name}</span>
          {view === 'inbox' && waiting > 0 && (
            <span className="count">
              {waiting}
              <span className="hidden"> waiting</span>
            </span>
          )}
        </button>
      ))}
    </nav>
  );
}
