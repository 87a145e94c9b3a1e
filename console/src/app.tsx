import { type ReactNode, useEffect } from 'react';
import { Boundary } from './parts/boundary.tsx';
import { useCell } from './state/cell.ts';
import type { Console } from './state/console.ts';
import { ConsoleContext } from './state/context.ts';
import type { Door } from './state/door.ts';
import { applyTheme } from './state/theme.ts';
import { LoggedOut } from './views/start/logged-out.tsx';
import { Shell } from './views/shell.tsx';

/** Logged out, or the console. */
export function App({ door }: { door: Door }): ReactNode {
  const access = useCell(door.access);
  switch (access.state) {
    case 'asking':
      return null;
    case 'out':
      return <LoggedOut {...access} />;
    case 'in':
      return <Inside door={door} console={access.console} />;
  }
}

function Inside({ door, console }: { door: Door; console: Console }): ReactNode {
  const ended = useCell(console.list.ended);
  const leaving = useCell(console.leaving);
  const theme = useCell(console.theme);
  useEffect(() => applyTheme(theme), [theme]);
  useEffect(() => {
    const over = ended?.refusal.code === 'unauthenticated' || leaving === 'done';
    if (over) door.end(console, leaving === 'no' ? 'ended' : 'left');
  }, [door, console, ended, leaving]);
  return (
    <ConsoleContext value={console}>
      <Boundary of="console">
        <Shell />
      </Boundary>
    </ConsoleContext>
  );
}
