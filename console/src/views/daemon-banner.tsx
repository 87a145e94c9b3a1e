import type { ReactNode } from 'react';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';

/** Above every view: whether what stands there is as it is now. */
export function DaemonBanner(): ReactNode {
  const { list } = useConsole();
  const feed = useCell(list.feed);
  const ended = useCell(list.ended);
  return (
    <div role="status">
      {ended !== null ? (
        <p className="banner bad">
          What stands here is not kept up to date any more: {oneLine(ended.refusal.message, 200)}
          <button type="button" className="quiet" onClick={() => location.reload()}>
            Load the page anew
          </button>
        </p>
      ) : (
        feed === 'disconnected' && (
          <p className="banner bad">
            No connection to the daemon. What stands here is as it was; this page goes on by itself
            when it is back.
          </p>
        )
      )}
    </div>
  );
}
