import { type ReactNode, useState } from 'react';
import { exactLine, oneLine } from '../text/harmless.ts';
import { shortcuts } from '../keyboard/shortcut.ts';
import { commandOf } from '../tools/facts.ts';
import { useAgentOf } from './agents.tsx';
import type { ApprovalParts } from './approval-card.tsx';
import { BypassChoice } from './bypass.tsx';
import { Deed } from './deed.tsx';
import { EditInput } from './edit-input.tsx';
import { Remember } from './remember.tsx';

type Panel = 'edit' | 'remember' | 'bypass';

/** What an agent wants to do, whole, and what may be said to it. */
export function Approval(parts: ApprovalParts): ReactNode {
  const { entry, session } = parts;
  const [panel, setPanel] = useState<Panel | null>(null);
  const { title, ruling, toolCall, budget, wants } = entry.data;
  const agent = useAgentOf(session);
  // It stands below, whole.
  const isCommand = title === (wants?.command ?? commandOf(toolCall?.input));
  const canEdit =
    agent?.editsInput === true && toolCall?.input !== undefined && budget === undefined;
  const toggle = (one: Panel) => () => setPanel(panel === one ? null : one);
  const panelButton = (one: Panel, label: string) => (
    <button type="button" className="quiet" aria-expanded={panel === one} onClick={toggle(one)}>
      {label}
    </button>
  );
  return (
    <>
      <h2>
        <bdi>{isCommand ? 'Run this command?' : exactLine(title)}</bdi>
      </h2>
      <Deed entry={entry} />
      {ruling !== undefined && <p className="why">Asked because {oneLine(ruling.why, 300)}</p>}
      <Verdicts {...parts} hears={agent?.hearsDenials} />
      {budget === undefined && (
        <div className="ways">
          {canEdit && panelButton('edit', 'Edit, then allow')}
          {panelButton('remember', 'Allow from now on')}
          {panelButton('bypass', 'Ask nothing for a time')}
        </div>
      )}
      {panel === 'edit' && <EditInput {...parts} />}
      {panel === 'remember' && <Remember {...parts} />}
      {panel === 'bypass' && <BypassChoice session={session} />}
    </>
  );
}

function Verdicts({
  entry,
  decide,
  busy,
  hears,
}: ApprovalParts & { hears: boolean | undefined }): ReactNode {
  const [reason, setReason] = useState('');
  const message = reason.trim();
  const deny = () => void decide({ verdict: 'deny', ...(message === '' ? {} : { message }) });
  return (
    <form
      className="verdicts"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) deny();
      }}
    >
      <Allow entry={entry} decide={decide} busy={busy} />
      <span className="deny">
        <input
          className="field"
          placeholder={
            hears === false
              ? 'Why not (for the log: this agent does not hear it)'
              : 'Why not (the agent is told)'
          }
          aria-label="Reason of the denial"
          maxLength={4096}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        <button
          type="submit"
          className="button danger"
          disabled={busy}
          aria-keyshortcuts={shortcuts.deny.keys[0]}
        >
          Deny
        </button>
      </span>
    </form>
  );
}

/** Once; or one of several answers, where the agent offers a choice. */
function Allow({ entry, decide, busy }: Omit<ApprovalParts, 'session'>): ReactNode {
  const choices = entry.data.options.filter(({ kind }) => kind === 'allow_once');
  if (choices.length < 2) {
    return (
      <button
        type="button"
        className="button primary"
        disabled={busy}
        aria-keyshortcuts={shortcuts.allow.keys[0]}
        onClick={() => void decide({ verdict: 'allow' })}
      >
        {entry.data.budget === undefined ? 'Allow once' : 'Let it go on'}
      </button>
    );
  }
  return choices.map(({ id, name }) => (
    <button
      key={id}
      type="button"
      className="button"
      disabled={busy}
      onClick={() => void decide({ option: id })}
    >
      <bdi>{exactLine(name, 120)}</bdi>
    </button>
  ));
}
