import { type FormEvent, type ReactNode, useState } from 'react';
import type { OutputOf, SessionRow } from 'turnkeep/client';
import { useAgent } from '../composer/agent.ts';
import { type Choice, Choices } from '../composer/choices.tsx';
import { useAttempt } from '../composer/use-attempt.ts';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { Dialog, Problem } from './dialog.tsx';

type Applied = OutputOf<'sessions.patch'>['applied'];

/** What the session is called, and with what its agent works. */
export default function SettingsDialog({
  row,
  close,
}: {
  row: SessionRow;
  close: () => void;
}): ReactNode {
  const console = useConsole();
  const { agent, look } = useAgent(row.agent);
  const { problem, busy, attempt } = useAttempt();
  const [title, setTitle] = useState(row.title ?? '');
  const [label, setLabel] = useState(row.label ?? '');
  const [choice, setChoice] = useState<Choice>({
    model: row.model,
    mode: row.mode,
    effort: row.effort,
  });
  const [applied, setApplied] = useState<Applied | null>(null);
  const pinned = useCell(console.pinned).includes(row.id);
  const save = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      const wanted = {
        title: title.trim() === '' ? null : title.trim(),
        label: label.trim() === '' ? null : label.trim(),
        ...choice,
      };
      const names = Object.keys(wanted) as (keyof typeof wanted)[];
      const changed = names.filter((name) => wanted[name] !== row[name]);
      if (changed.length === 0) return close();
      const fields = Object.fromEntries(changed.map((name) => [name, wanted[name]]));
      const told = await console.client.sessions.patch({ session: row.id, ...fields });
      if (Object.keys(told.applied).length === 0) close();
      else setApplied(told.applied);
    });
  };
  return (
    <Dialog title="Session settings" close={close}>
      <form onSubmit={save}>
        <label>
          Title
          <input
            className="field"
            value={title}
            maxLength={500}
            onChange={(event) => setTitle(event.target.value)}
          />
        </label>
        <label>
          Label
          <input
            className="field"
            value={label}
            maxLength={200}
            onChange={(event) => setLabel(event.target.value)}
          />
        </label>
        <Choices agent={agent} look={look} choice={choice} setChoice={setChoice} />
        <label className="check">
          <input type="checkbox" checked={pinned} onChange={() => console.togglePin(row.id)} />
          Pinned in this browser
        </label>
        {applied !== null && (
          <ul className="applied" role="status">
            {Object.entries(applied).map(([name, when]) => (
              <li key={name}>
                {name}: {when === 'live' ? 'the agent has it now' : 'from its next start on'}
              </li>
            ))}
          </ul>
        )}
        <Problem text={problem === null ? null : oneLine(problem, 400)} />
        <div className="ways">
          <button type="button" className="button" onClick={close}>
            Close
          </button>
          <button type="submit" className="button primary" disabled={busy}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
