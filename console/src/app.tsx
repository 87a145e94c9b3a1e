import { type ReactNode, useEffect, useState } from 'react';
import { useCell } from './state/cell.ts';
import { Console } from './state/console.ts';
import { ConsoleContext, useConsole } from './state/context.ts';
import { type Entrance, forgetPageKey } from './state/login.ts';
import { applyTheme } from './state/theme.ts';
import { LoggedOut } from './views/start/logged-out.tsx';
import { Shell } from './views/shell.tsx';

type Access =
  | { state: 'asking' }
  | { state: 'out'; why: 'none' | 'code' | 'ended' | 'left' }
  | { state: 'in'; console: Console };

/** Logged out, or the console. */
export function App({ entering }: { entering: Promise<Entrance> }): ReactNode {
  const [access, setAccess] = useState<Access>({ state: 'asking' });
  useEffect(() => {
    let gone = false;
    let opened: Console | null = null;
    void entering.then(({ page, refused }) => {
      if (gone) return;
      if (page === null) return setAccess({ state: 'out', why: refused ? 'code' : 'none' });
      opened = new Console(page);
      opened.start();
      setAccess({ state: 'in', console: opened });
    });
    return () => {
      gone = true;
      opened?.close();
    };
  }, [entering]);
  if (access.state === 'asking') return null;
  if (access.state === 'out') return <LoggedOut why={access.why} />;
  const end = (why: 'ended' | 'left') => {
    forgetPageKey();
    access.console.close();
    setAccess({ state: 'out', why });
  };
  return (
    <ConsoleContext value={access.console}>
      <Inside end={end} />
    </ConsoleContext>
  );
}

function Inside({ end }: { end: (why: 'ended' | 'left') => void }): ReactNode {
  const console = useConsole();
  const ended = useCell(console.list.ended);
  const leaving = useCell(console.leaving);
  const theme = useCell(console.theme);
  useEffect(() => applyTheme(theme), [theme]);
  useEffect(() => {
    const over = ended?.refusal.code === 'unauthenticated' || leaving === 'done';
    if (over) end(leaving === 'no' ? 'ended' : 'left');
  }, [ended, leaving, end]);
  return <Shell />;
}
