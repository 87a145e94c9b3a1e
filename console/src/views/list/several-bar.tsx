import { type ReactNode, useState } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { useConsole } from '../../state/context.ts';
import { applies, doWithAll, type Outcome, type Several } from './several.ts';

export interface SeveralBarProps {
  marked: ReadonlySet<string>;
  /** Those that the list shows. */
  shown: readonly SessionRow[];
  archived: boolean;
  markAll: () => void;
  clear: () => void;
  close: () => void;
}

/** What to do with the sessions that were chosen. Stopping many agents is asked for twice. */
export function SeveralBar(props: SeveralBarProps): ReactNode {
  const { marked, shown, archived, markAll, clear, close } = props;
  const { client, list } = useConsole();
  const [busy, setBusy] = useState(false);
  const [sure, setSure] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const chosen = [...marked].flatMap((id) => list.rows.get().get(id) ?? []);
  const stoppable = chosen.filter((row) => applies('stop', row));
  const act = async (what: Several) => {
    setBusy(true);
    setSure(false);
    const those = chosen.filter((row) => applies(what, row));
    const told = await doWithAll(client, what, those);
    setBusy(false);
    setOutcome(told);
    if (told.refused === 0) clear();
  };
  const all = marked.size === shown.length && marked.size > 0;
  return (
    <div className="several" role="group" aria-label="Chosen sessions">
      <p role="status">{outcome === null || marked.size > 0 ? `${marked.size} chosen` : ''}</p>
      <button type="button" className="quiet" onClick={all ? clear : markAll}>
        {all ? 'None' : `All ${shown.length.toLocaleString()}`}
      </button>
      <button
        type="button"
        className={sure ? 'button danger' : 'button'}
        disabled={busy || stoppable.length === 0}
        onClick={() => (sure || stoppable.length === 1 ? void act('stop') : setSure(true))}
      >
        {sure ? `Stop ${stoppable.length} agents?` : 'Stop'}
      </button>
      <button
        type="button"
        className="button"
        disabled={busy || marked.size === 0}
        onClick={() => void act(archived ? 'unarchive' : 'archive')}
      >
        {archived ? 'Back' : 'Archive'}
      </button>
      <button type="button" className="quiet" onClick={close}>
        Done
      </button>
      {outcome !== null && (
        <p className="several-outcome" role="status">
          {outcomeText(outcome)}
        </p>
      )}
    </div>
  );
}

function outcomeText({ done, refused, reasons }: Outcome): string {
  const did = `${done.toLocaleString()} done.`;
  if (refused === 0) return did;
  return `${did} ${refused.toLocaleString()} not: ${reasons.slice(0, 2).join(' ')}`;
}
