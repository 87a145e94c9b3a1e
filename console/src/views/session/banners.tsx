import type { ReactNode } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { BypassBar } from '../../approvals/bypass.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { useLog } from './session-context.ts';

/** What is not as it should be, said as it is. */
export function Banners({ row }: { row: SessionRow | undefined }): ReactNode {
  const log = useLog();
  const console = useConsole();
  const feed = useCell(log.feed);
  const loading = useCell(log.loading);
  const restarted = useCell(console.restarted);
  const { entries } = useCell(log.window);
  const behind = feed === 'catching_up' && entries.length > 0;
  return (
    <div className="banners" role="status">
      {feed === 'disconnected' && (
        <p className="banner bad">
          No connection to the daemon. Agents work on; this page goes on where it was.
        </p>
      )}
      {behind && <p className="banner">Catching up with what was said meanwhile …</p>}
      {loading === 'opening' && <p className="banner">Reading the log …</p>}
      {restarted !== null && feed !== 'disconnected' && (
        <p className="banner">
          The daemon was restarted. Nothing is missing here.
          <button type="button" className="quiet" onClick={() => console.restarted.set(null)}>
            ok
          </button>
        </p>
      )}
      {row !== undefined && <BypassBar row={row} />}
      {row?.status === 'stalled' && (
        <p className="banner needs">
          The agent has said nothing for a while. It may be at work, or hang.
        </p>
      )}
    </div>
  );
}
