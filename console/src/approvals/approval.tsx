import { type ReactNode, useLayoutEffect, useState } from 'react';
import { exactLine, oneLine } from '../text/harmless.ts';
import { commandOf } from '../tools/facts.ts';
import { useAgentOf } from './agents.tsx';
import { Allow } from './allow.tsx';
import { allowingOf, deniesForEver } from './allowing.ts';
import type { ApprovalParts } from './approval-card.tsx';
import { BypassChoice } from './bypass.tsx';
import { DecideButton } from './decide-button.tsx';
import { Deed } from './deed.tsx';
import { EditInput } from './edit-input.tsx';
import { Remember } from './remember.tsx';
import { useUnsent } from './unsent.ts';
import { NotWhole, useWholeCall } from './whole-call.tsx';

type Panel = 'edit' | 'remember' | 'bypass';

/** What an agent wants to do, whole, and what may be said to it. */
export function Approval(parts: ApprovalParts): ReactNode {
  const { entry, session } = parts;
  const [panel, setPanel] = useState<Panel | null>(null);
  const { title, ruling, budget, wants, options } = entry.data;
  const whole = useWholeCall(session, entry.data.toolCall);
  const { call } = whole;
  const isWhole = whole.state === 'whole';
  const agent = useAgentOf(session);
  const allowing = allowingOf(options);
  // It stands below, whole.
  const isCommand = (wants?.command ?? commandOf(call?.input))?.startsWith(title) === true;
  const canEdit =
    agent?.editsInput === true && isWhole && call?.input !== undefined && budget === undefined;
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
      <Deed entry={entry} call={call} />
      <NotWhole of={whole} />
      {ruling !== undefined && <p className="why">Asked because {oneLine(ruling.why, 300)}</p>}
      <Verdicts {...parts} hears={agent?.hearsDenials} isWhole={isWhole} byKey={panel === null} />
      {budget === undefined && (
        <div className="ways">
          {canEdit && panelButton('edit', 'Edit, then allow')}
          {isWhole && allowing.type === 'once' && panelButton('remember', 'Allow from now on')}
          {panelButton('bypass', 'Allow everything for …')}
        </div>
      )}
      {panel !== null && (
        <div key={panel} ref={intoView} className="opened">
          {panel === 'edit' && canEdit && (
            <EditInput {...parts} input={call.input} allowing={allowing} />
          )}
          {panel === 'remember' && <Remember {...parts} />}
          {panel === 'bypass' && <BypassChoice session={session} />}
        </div>
      )}
    </>
  );
}

/** What has opened is seen, also where the card is higher than its place. */
function intoView(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: 'nearest' });
}

interface VerdictsProps extends ApprovalParts {
  hears: boolean | undefined;
  /** All that is asked about is on the page; what is not is not allowed. */
  isWhole: boolean;
  /** Nothing else is open that a key could be meant for. */
  byKey: boolean;
}

function Verdicts({ entry, decide, bind, hears, isWhole, byKey }: VerdictsProps): ReactNode {
  const { options, budget } = entry.data;
  const [{ reason }, change] = useUnsent(entry.id);
  const message = reason.trim();
  const allowing = allowingOf(options);
  const allow = (option: string) => void decide({ option });
  const deny = () => void decide({ verdict: 'deny', ...(message === '' ? {} : { message }) });
  useLayoutEffect(() => {
    const once = isWhole && allowing.type === 'once' ? allowing.option.id : null;
    if (!byKey) return bind({});
    return bind({ deny, ...(once === null ? {} : { allow: () => allow(once) }) });
  });
  return (
    <form
      className="verdicts"
      onSubmit={(event) => {
        event.preventDefault();
        deny();
      }}
    >
      <Allow
        allowing={allowing}
        label={budget === undefined ? 'Allow once' : 'Let it go on'}
        disabled={!isWhole}
        byKey={byKey}
        allow={allow}
      />
      <span className="deny">
        <DecideButton tone="danger" byKey={byKey ? 'deny' : undefined}>
          {budget !== undefined ? 'Stop the run' : deniesForEver(options) ? 'Deny always' : 'Deny'}
        </DecideButton>
        <input
          className="field"
          placeholder={budget === undefined ? reasonText(hears) : 'Why not (for the log)'}
          aria-label="Reason of the denial"
          maxLength={4096}
          value={reason}
          onChange={(event) => change({ reason: event.target.value })}
        />
      </span>
    </form>
  );
}

/** Who reads a reason is said before it is written, as far as it is known. */
function reasonText(hears: boolean | undefined): string {
  if (hears === undefined) return 'Why not';
  return hears
    ? 'Why not (the agent is told)'
    : 'Why not (for the log: this agent does not hear it)';
}
