import { lazy, type ReactNode, Suspense, useState } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { Menu } from '../composer/menu.tsx';
import { useAttempt } from '../composer/use-attempt.ts';
import { pathOf } from '../router.ts';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { titleOf } from '../views/list/session-line.tsx';
import { download } from './export.ts';
import './actions.css';
import type { Deed } from './life-dialog.tsx';

const SettingsDialog = lazy(() => import('./settings-dialog.tsx'));
const ForkDialog = lazy(() => import('./fork-dialog.tsx'));
const FilesDialog = lazy(() => import('./files-dialog.tsx'));
const CompareDialog = lazy(() => import('./compare-dialog.tsx'));
const LifeDialog = lazy(() => import('./life-dialog.tsx'));

type Open = 'settings' | 'fork' | 'files' | 'compare' | Deed;

/** What is done with a session as a whole. */
export function SessionMenu({ row }: { row: SessionRow }): ReactNode {
  const { client } = useConsole();
  const [open, setOpen] = useState<Open | null>(null);
  const { problem, attempt, say } = useAttempt();
  const session = row.id;
  const address = location.origin + pathOf({ view: 'session', session, seq: null });
  const copy = () =>
    navigator.clipboard
      .writeText(address)
      .catch(() => say(`This browser copies nothing: ${address}`));
  const archived = !row.archived;
  return (
    <>
      <Menu
        label="Session"
        icon="more"
        side="down"
        items={[
          { name: 'Settings …', run: () => setOpen('settings') },
          { name: 'Fork …', run: () => setOpen('fork') },
          { name: 'Compare branches …', run: () => setOpen('compare') },
          { name: 'Files changed …', run: () => setOpen('files') },
          { name: 'Copy link', run: () => void copy() },
          {
            name: 'Export as JSON lines',
            run: () => void attempt(() => download(client, session, titleOf(row))),
          },
          { name: 'Compact …', run: () => setOpen('compact') },
          { name: 'New conversation …', run: () => setOpen('reset') },
          {
            name: archived ? 'Archive' : 'Take out of the archive',
            run: () => void attempt(() => client.sessions.patch({ session, archived })),
          },
          { name: 'Delete …', run: () => setOpen('delete'), danger: true },
        ]}
      />
      {problem !== null && (
        <p className="head-problem" role="alert">
          {oneLine(problem, 300)}
        </p>
      )}
      <Suspense>{open !== null && dialogOf(open, row, () => setOpen(null))}</Suspense>
    </>
  );
}

function dialogOf(open: Open, row: SessionRow, close: () => void): ReactNode {
  switch (open) {
    case 'settings':
      return <SettingsDialog row={row} close={close} />;
    case 'fork':
      return <ForkDialog session={row.id} close={close} />;
    case 'files':
      return <FilesDialog session={row.id} close={close} />;
    case 'compare':
      return <CompareDialog row={row} close={close} />;
    case 'delete':
    case 'reset':
    case 'compact':
      return <LifeDialog row={row} deed={open} close={close} />;
  }
}
