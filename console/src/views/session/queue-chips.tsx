import type { ReactNode } from 'react';
import { Icon } from '../../parts/icon.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import type { QueueItem } from '../../state/session-log.ts';
import { oneLine } from '../../text/harmless.ts';
import { useLog } from './session-context.ts';

/** Prompts that wait, in order. */
export function QueueChips(): ReactNode {
  const log = useLog();
  const { client } = useConsole();
  const { held, items } = useCell(log.queue);
  if (items.length === 0) return null;
  const withdraw = (prompt: string) => client.queue.withdraw({ session: log.id, prompt });
  return (
    <div className="queue">
      {held && (
        <p className="queue-held">
          The queue is held.
          <button
            type="button"
            className="quiet"
            onClick={() => void client.queue.release({ session: log.id })}
          >
            Let it go on
          </button>
        </p>
      )}
      <ol aria-label="Queued messages">
        {items.map((item) => (
          <li key={item.prompt} className="chip">
            <span>{textOfItem(item)}</span>
            <button
              type="button"
              className="quiet icon"
              aria-label="Withdraw"
              onClick={() => void withdraw(item.prompt)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

function textOfItem({ content }: QueueItem): string {
  const texts = content?.map((block) => (block['type'] === 'text' ? String(block['text']) : '…'));
  return oneLine(texts?.join(' ') ?? '…', 120);
}
