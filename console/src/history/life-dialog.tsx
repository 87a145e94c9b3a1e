import { type ReactNode, useState } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { useAttempt } from '../composer/use-attempt.ts';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { moment } from '../text/time.ts';
import { Dialog, Problem } from './dialog.tsx';

export type Deed = 'delete' | 'reset' | 'compact';

const texts: Record<Deed, { title: string; text: string; button: string }> = {
  delete: {
    title: 'Delete this session?',
    text: 'Its agent is stopped. It can be restored for a time, then it is removed for good.',
    button: 'Delete',
  },
  reset: {
    title: 'Begin a new conversation?',
    text: 'The run is stopped, the queue withdrawn, and the agent remembers nothing. The log stays.',
    button: 'Begin anew',
  },
  compact: {
    title: 'Compact the conversation?',
    text: 'The agent goes on with the last entries and, if you write one, a summary. The log stays.',
    button: 'Compact',
  },
};

/** Something that is not done by a slip of the finger. */
export default function LifeDialog({
  row,
  deed,
  close,
}: {
  row: SessionRow;
  deed: Deed;
  close: () => void;
}): ReactNode {
  const { client, router } = useConsole();
  const { problem, busy, attempt } = useAttempt();
  const [keep, setKeep] = useState(100);
  const [summary, setSummary] = useState('');
  const [done, setDone] = useState<string | null>(null);
  const session = row.id;
  const deeds: Record<Deed, () => Promise<string | null>> = {
    delete: async () => {
      const { purgeAt } = await client.sessions.delete({ session });
      return `It is deleted${purgeAt === null ? '' : `, and is kept until ${moment(purgeAt)}`}.`;
    },
    reset: async () => {
      await client.sessions.reset({ session });
      return null;
    },
    compact: async () => {
      const words = summary.trim() === '' ? {} : { summary };
      const { compacted, kept } = await client.sessions.compact({ session, keep, ...words });
      return compacted ? `${kept} entries are kept.` : 'It is short already: nothing was done.';
    },
  };
  const act = () =>
    attempt(async () => {
      const told = await deeds[deed]();
      if (told === null) close();
      else setDone(told);
    });
  const restore = async () => {
    if (await attempt(() => client.sessions.restore({ session }))) close();
  };
  const { title, text, button } = texts[deed];
  if (done !== null) {
    const leave = () => {
      close();
      if (deed === 'delete') router.go({ view: 'sessions' });
    };
    return (
      <Dialog title={deed === 'delete' ? 'Deleted' : 'Compacted'} close={leave}>
        <p role="status">{done}</p>
        <Problem text={problem === null ? null : oneLine(problem, 400)} />
        <div className="ways">
          {deed === 'delete' && (
            <button type="button" className="button" disabled={busy} onClick={() => void restore()}>
              Restore it
            </button>
          )}
          <button type="button" className="button primary" onClick={leave}>
            Close
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={title} close={close}>
      <p>{text}</p>
      {deed === 'compact' && (
        <>
          <label>
            Entries of the conversation that are kept
            <input
              className="field"
              type="number"
              min={1}
              max={10_000}
              value={keep}
              onChange={(event) => setKeep(event.target.valueAsNumber || 1)}
            />
          </label>
          <label>
            Summary of what came before
            <textarea
              className="field"
              rows={4}
              value={summary}
              onChange={(event) => setSummary(event.target.value)}
            />
          </label>
        </>
      )}
      <Problem text={problem === null ? null : oneLine(problem, 400)} />
      <div className="ways">
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          className={`button ${deed === 'compact' ? 'primary' : 'danger'}`}
          disabled={busy}
          onClick={() => void act()}
        >
          {button}
        </button>
      </div>
    </Dialog>
  );
}
