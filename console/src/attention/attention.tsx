import { type ReactNode, useEffect } from 'react';
import { useCell } from '../state/cell.ts';
import type { Console } from '../state/console.ts';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { titleOf } from '../views/list/session-line.tsx';
import { becomeApp, isApp } from './app.ts';
import { turned } from './waiting.ts';

/** Calls for a person who looks elsewhere: in the title of the page, and by notifications where they are wished. */
export function Attention(): ReactNode {
  const console = useConsole();
  useEffect(becomeApp, []);
  useEffect(() => notifying(console), [console]);
  useTitle(console);
  return null;
}

function useTitle({ router, list }: Console): void {
  const route = useCell(router.route);
  const rows = useCell(list.rows);
  const row = route.view === 'session' ? rows.get(route.session) : undefined;
  const waiting = rows.values().reduce((sum, { openApprovals }) => sum + openApprovals, 0);
  const place = row === undefined ? nameOf(route.view) : titleOf(row);
  useEffect(() => {
    const number = waiting === 0 ? '' : `(${waiting}) `;
    document.title = `${number}${place === '' ? '' : `${place} · `}Turnkeep`;
  }, [place, waiting]);
}

function nameOf(view: string): string {
  const names: { readonly [view: string]: string } = {
    inbox: 'Inbox',
    usage: 'Usage',
    settings: 'Settings',
    new: 'New session',
  };
  return names[view] ?? '';
}

/** Tells when a session begins to need somebody, unless somebody looks at the page; the answer ends that. */
function notifying({ list, notify }: Console): () => void {
  let before = list.rows.get();
  let begun = list.whole.get();
  return list.rows.watch(() => {
    const now = list.rows.get();
    const { needs, over } = turned(before, now);
    before = now;
    // What waits already when the page is opened is on the page.
    const first = !begun;
    begun = list.whole.get();
    if (first || !notify.get() || !isApp() || Notification.permission !== 'granted') return;
    void tell(
      document.hasFocus() ? [] : needs.map((row) => ({ id: row.id, title: titleOf(row) })),
      over,
    );
  });
}

async function tell(
  needs: readonly { id: string; title: string }[],
  over: readonly string[],
): Promise<void> {
  const worker = await navigator.serviceWorker.ready;
  for (const id of over) {
    for (const shown of await worker.getNotifications({ tag: id })) shown.close();
  }
  for (const { id, title } of needs) {
    const options = { tag: id, icon: '/icon-192.png', body: 'It waits for your answer.' };
    await worker.showNotification(oneLine(title, 80), options);
  }
}
