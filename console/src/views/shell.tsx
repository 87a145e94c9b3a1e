import { type ReactNode } from 'react';
import { Attention } from '../attention/attention.tsx';
import { Keyboard } from '../keyboard/keyboard.tsx';
import { Boundary } from '../parts/boundary.tsx';
import { Refused } from '../parts/refused.tsx';
import { pathOf } from '../router.ts';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { DaemonBanner } from './daemon-banner.tsx';
import { Inbox } from './inbox/inbox.tsx';
import { SessionListView } from './list/session-list.tsx';
import { NewSession } from './start/new-session.tsx';
import { SessionView } from './session/session-view.tsx';
import { SettingsView } from './settings/settings.tsx';
import { NavBar } from './nav-bar.tsx';
import { UsageView } from './usage/usage.tsx';
import './shell.css';

/** The list beside what was chosen of it; on a phone one of the two. */
export function Shell(): ReactNode {
  const { router } = useConsole();
  const route = useCell(router.route);
  return (
    <div className="console">
      <DaemonBanner />
      <div className={`shell ${route.view === 'sessions' ? 'at-list' : 'at-main'}`}>
        <Keyboard />
        <Boundary of={pathOf(route)} instead={null}>
          <Attention />
        </Boundary>
        <aside className="side" aria-label="Sessions">
          <Boundary of="list">
            <SessionListView chosen={route.view === 'session' ? route.session : null} />
          </Boundary>
        </aside>
        <main className="main" id="main" tabIndex={-1}>
          <Boundary of={pathOf(route)}>
            <View />
          </Boundary>
        </main>
        <Boundary of="places">
          <NavBar />
        </Boundary>
        <Refused />
      </div>
    </div>
  );
}

function View(): ReactNode {
  const route = useCell(useConsole().router.route);
  switch (route.view) {
    case 'sessions':
      return <NothingChosen />;
    case 'session':
      return <SessionView key={route.session} route={route} />;
    case 'inbox':
      return <Inbox />;
    case 'usage':
      return <UsageView />;
    case 'settings':
      return <SettingsView />;
    case 'new':
      return <NewSession />;
    case 'nowhere':
      return <Nowhere />;
  }
}

function Nowhere(): ReactNode {
  const { router } = useConsole();
  return (
    <div className="nothing" role="alert">
      <p>There is nothing at this address.</p>
      <button type="button" className="button" onClick={() => router.go({ view: 'sessions' })}>
        All sessions
      </button>
    </div>
  );
}

/** Without any session the first thing to do is to begin one. */
function NothingChosen(): ReactNode {
  const { list } = useConsole();
  const rows = useCell(list.rows);
  const ready = useCell(list.ready);
  if (!ready) return null;
  if (rows.size === 0) return <NewSession first />;
  return (
    <div className="nothing">
      <p>Choose a session, or begin one.</p>
    </div>
  );
}
