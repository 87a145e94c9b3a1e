import { lazy, type ReactNode, Suspense, useState } from 'react';
import type { Entry } from 'turnkeep/client';
import './actions.css';

const ForkDialog = lazy(() => import('./fork-dialog.tsx'));
const FilesDialog = lazy(() => import('./files-dialog.tsx'));

/** Goes on from an entry in another session. Of a fork the entry may be in the log of its base. */
export function ForkHere({ session, entry }: { session: string; entry: Entry }): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="quiet copy" onClick={() => setOpen(true)}>
        fork here
      </button>
      <Suspense>
        {open && <ForkDialog session={session} at={entry} close={() => setOpen(false)} />}
      </Suspense>
    </>
  );
}

/** What a run changed in files, with a way to put them back. */
export function RunFiles({ session, run }: { session: string; run: string }): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="quiet copy" onClick={() => setOpen(true)}>
        files
      </button>
      <Suspense>
        {open && <FilesDialog session={session} run={run} close={() => setOpen(false)} />}
      </Suspense>
    </>
  );
}
