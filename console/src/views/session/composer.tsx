import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import { RefusalError, type SessionRow } from 'turnkeep/client';
import { Icon } from '../../parts/icon.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { oneLine } from '../../text/harmless.ts';
import { QueueChips } from './queue-chips.tsx';
import { useLog } from './session-context.ts';

/** Always there: what is written is kept, and sent or queued. It is cleared only when the log has it. */
export function Composer({ row }: { row: SessionRow | undefined }): ReactNode {
  const log = useLog();
  const console = useConsole();
  const drafts = useCell(console.drafts);
  const text = drafts[log.id] ?? '';
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const setText = (next: string) =>
    console.drafts.update(({ [log.id]: _old, ...others }) =>
      next === '' ? others : { ...others, [log.id]: next },
    );
  const attempt = async (run: () => Promise<unknown>) => {
    setSending(true);
    setProblem(null);
    try {
      await run();
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      setProblem(error.refusal.message);
    } finally {
      setSending(false);
      field.current?.focus();
    }
  };
  const send = () =>
    attempt(async () => {
      await console.client.sessions.send({ session: log.id, content: text });
      setText('');
    });
  const stop = () => attempt(() => console.client.sessions.abort({ session: log.id }));
  const keys = (event: KeyboardEvent) => {
    // The Enter that ends the choice of a character is not one that sends.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (text.trim() !== '' && !sending) void send();
  };
  const busy = row !== undefined && row.activeRun !== null;
  return (
    <footer className="composer">
      <QueueChips />
      {problem !== null && (
        <p className="composer-problem" role="alert">
          {oneLine(problem, 400)}
        </p>
      )}
      <div className="composer-box">
        <textarea
          ref={field}
          rows={1}
          value={text}
          placeholder={busy ? 'Queue a message' : 'Say what is to be done'}
          aria-label="Message"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={keys}
        />
        <div className="composer-buttons">
          {busy && (
            <button type="button" className="button" onClick={() => void stop()}>
              <Icon name="stop" />
              Stop
            </button>
          )}
          <button
            type="button"
            className="button primary"
            disabled={text.trim() === '' || sending}
            onClick={() => void send()}
          >
            <Icon name="send" />
            {busy ? 'Queue' : 'Send'}
          </button>
        </div>
      </div>
    </footer>
  );
}
