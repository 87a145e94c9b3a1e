import { RefusalError, type SessionRow } from 'turnkeep/client';
import type { Console } from '../state/console.ts';
import { focusPart } from './places.ts';
import { shortcuts } from './shortcut.ts';

/** Something that the palette offers. */
export interface Deed {
  text: string;
  part: 'This session' | 'Go to' | 'Looks';
  key?: string;
  run: () => void;
}

/** What can be done now, with the session that is open where there is one. */
export function deedsOf(console: Console, here: SessionRow | undefined): Deed[] {
  return [...(here === undefined ? [] : ofSession(console, here)), ...goings(console)];
}

function ofSession(console: Console, row: SessionRow): Deed[] {
  const { client } = console;
  const session = row.id;
  const part = 'This session';
  const deeds: Deed[] = [
    {
      part,
      text: 'Write a message',
      key: shortcuts.write.keys[0],
      run: () => void focusPart('message'),
    },
    {
      part,
      text: console.pinned.get().includes(session) ? 'Unpin' : 'Pin',
      run: () => console.togglePin(session),
    },
    {
      part,
      text: row.archived ? 'Take out of the archive' : 'Archive',
      run: told(console, () => client.sessions.patch({ session, archived: !row.archived })),
    },
  ];
  if (row.activeRun !== null) {
    const run = row.activeRun.id;
    const stop = told(console, () => client.sessions.abort({ session, run }));
    deeds.unshift({ part, text: 'Stop', run: stop });
  }
  return deeds;
}

function goings({ router, dialog, theme, list }: Console): Deed[] {
  const part = 'Go to';
  const waiting = list.rows
    .get()
    .values()
    .reduce((sum, row) => sum + row.openApprovals, 0);
  return [
    {
      part,
      text: waiting === 0 ? 'Inbox' : `Inbox: ${waiting} waiting`,
      key: shortcuts.inbox.keys[0],
      run: () => router.go({ view: 'inbox' }),
    },
    {
      part,
      text: 'New session',
      key: shortcuts.new.keys[0],
      run: () => router.go({ view: 'new' }),
    },
    {
      part,
      text: 'Usage and budgets',
      key: shortcuts.usage.keys[0],
      run: () => router.go({ view: 'usage' }),
    },
    {
      part,
      text: 'Sessions',
      key: shortcuts.sessions.keys[0],
      run: () => router.go({ view: 'sessions' }),
    },
    { part, text: 'Settings', run: () => router.go({ view: 'settings' }) },
    { part, text: 'Keys', key: shortcuts.help.keys[0], run: () => dialog.set('help') },
    { part: 'Looks', text: 'Light colours', run: () => theme.set('light') },
    { part: 'Looks', text: 'Dark colours', run: () => theme.set('dark') },
    { part: 'Looks', text: 'Colours as the system', run: () => theme.set('system') },
  ];
}

/** A refusal is shown where the page tells of such things. */
function told(console: Console, run: () => Promise<unknown>): () => void {
  return () => {
    run().catch((error: unknown) => {
      if (!(error instanceof RefusalError)) throw error;
      console.refused.set(error.refusal.message);
    });
  };
}
