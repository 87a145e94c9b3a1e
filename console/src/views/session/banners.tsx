import type { ReactNode } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { BypassBar } from '../../approvals/bypass.tsx';
import { useAttempt } from '../../composer/use-attempt.ts';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { oneLine } from '../../text/harmless.ts';
import { useLog } from './session-context.ts';

/** What is not as it should be, said as it is. */
export function Banners({ row }: { row: SessionRow | undefined }): ReactNode {
  const log = useLog();
  const { list } = useConsole();
  const feed = useCell(log.feed);
  const daemon = useCell(list.feed);
  const loading = useCell(log.loading);
  const { entries } = useCell(log.window);
  const behind = feed === 'catching_up' && entries.length > 0;
  return (
    <div className="banners" role="status">
      {feed === 'disconnected' && daemon === 'live' && (
        <p className="banner bad">
          What comes now is not told here; it will be when the connection is back.
        </p>
      )}
      {behind && <p className="banner">Catching up with what was said meanwhile …</p>}
      {loading === 'opening' && <p className="banner">Reading the log …</p>}
      <Gaps />
      <Deleted />
      {feed === 'live' && loading !== 'opening' && <Restarted />}
      {row !== undefined && <BypassBar row={row} />}
      {row?.status === 'stalled' && (
        <p className="banner needs">
          The agent has said nothing for a while. It may be at work, or hang.
        </p>
      )}
    </div>
  );
}

/** It takes no more messages, and can be had back for a time. */
function Deleted(): ReactNode {
  const log = useLog();
  const { client } = useConsole();
  const { entries } = useCell(log.window);
  const { problem, busy, attempt } = useAttempt();
  const last = entries.findLast((entry) => entry.kind === 'deletion');
  if (last?.data.state !== 'deleted') return null;
  return (
    <p className="banner needs">
      <span>
        This session is deleted, and takes no more messages.{' '}
        {problem !== null && oneLine(problem, 300)}
      </span>
      <button
        type="button"
        className="quiet"
        disabled={busy}
        onClick={() => void attempt(() => client.sessions.restore({ session: log.id }))}
      >
        Restore it
      </button>
    </p>
  );
}

/** What should be in the log and is not. */
function Gaps(): ReactNode {
  const log = useLog();
  const { gone } = useCell(log.window);
  const lost = useCell(log.lost);
  const astray = useCell(log.astray);
  return (
    <>
      {lost !== null && (
        <p className="banner bad">
          The daemon has come back with an earlier state of this session: what had been said up to
          entry {lost} is not in its log. The log was read again.
          <Ok onClick={() => log.lost.set(null)} />
        </p>
      )}
      {gone !== null && (
        <p className="banner needs">
          The session that this one was forked from was deleted for good: what was said there is
          missing before the first entry.
        </p>
      )}
      {astray !== null && (
        <p className="banner needs">
          Entry {astray.seq} of the link is not in this log.
          <Ok onClick={() => log.astray.set(null)} />
        </p>
      )}
    </>
  );
}

/** Only a page that has come to the end of the log again can say that it has all of it. */
function Restarted(): ReactNode {
  const log = useLog();
  const console = useConsole();
  const restarted = useCell(console.restarted);
  const { toEnd } = useCell(log.window);
  const lost = useCell(log.lost);
  if (restarted === null) return null;
  return (
    <p className="banner">
      {lost !== null
        ? 'The daemon was restarted.'
        : toEnd
          ? 'The daemon was restarted. Nothing is missing here.'
          : 'The daemon was restarted. What has come since is at the end.'}
      <Ok onClick={() => console.restarted.set(null)} />
    </p>
  );
}

function Ok({ onClick }: { onClick: () => void }): ReactNode {
  return (
    <button type="button" className="quiet" onClick={onClick}>
      ok
    </button>
  );
}
