import { type ReactNode, useState } from 'react';
import type { OutputOf } from 'turnkeep/client';
import { useAttempt } from '../composer/use-attempt.ts';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { Dialog, Problem } from './dialog.tsx';

type Forked = OutputOf<'sessions.fork'>;

const fidelities: Record<Forked['fidelity'], string> = {
  exact: 'The agent remembers all of it: its own memory was copied.',
  primed: 'The agent is told what was said before, in a text; its own memory of it is not there.',
  none: 'There is nothing before it that the agent could remember.',
};

interface Props {
  session: string;
  /** Where it branches off; else after the last entry. */
  at?: { id: string; seq: number };
  close: () => void;
}

/** Begins another session with the same history up to an entry. */
export default function ForkDialog({ session, at, close }: Props): ReactNode {
  const { client, router } = useConsole();
  const { problem, busy, attempt } = useAttempt();
  const [prompt, setPrompt] = useState('');
  const [title, setTitle] = useState('');
  const [forked, setForked] = useState<Forked | null>(null);
  const fork = () =>
    attempt(async () => {
      const words = { prompt: prompt.trim(), title: title.trim() };
      setForked(
        await client.sessions.fork({
          session,
          ...(at === undefined ? {} : { at: at.id }),
          ...(words.prompt === '' ? {} : { prompt }),
          ...(words.title === '' ? {} : { title: words.title }),
        }),
      );
    });
  if (forked !== null) {
    return (
      <Dialog title="Forked" close={close}>
        <p>{fidelities[forked.fidelity]}</p>
        <div className="ways">
          <button
            type="button"
            className="button primary"
            autoFocus
            onClick={() => router.go({ view: 'session', session: forked.session.id, seq: null })}
          >
            Open it
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={at === undefined ? 'Fork after the last entry' : `Fork after entry ${at.seq}`}
      close={close}
    >
      <p className="hint">
        A new session in the same directory, whose history is this one up to there. This one stays
        as it is; files stay as they are.
      </p>
      <label>
        Title
        <input className="field" value={title} onChange={(event) => setTitle(event.target.value)} />
      </label>
      <label>
        What is to be done there
        <textarea
          className="field"
          rows={3}
          value={prompt}
          onChange={(event) => setPrompt(event.target.value)}
        />
      </label>
      <Problem text={problem === null ? null : oneLine(problem, 400)} />
      <div className="ways">
        <button
          type="button"
          className="button primary"
          disabled={busy}
          onClick={() => void fork()}
        >
          Fork
        </button>
      </div>
    </Dialog>
  );
}
