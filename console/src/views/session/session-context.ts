import { createContext, useContext } from 'react';
import type { Entry } from 'turnkeep/client';
import { Cell, useCell } from '../../state/cell.ts';
import type { SessionLog } from '../../state/session-log.ts';

export const SessionContext = createContext<SessionLog | null>(null);

/** The log of the session that the view is in. */
export function useLog(): SessionLog {
  const log = useContext(SessionContext);
  if (log === null) throw new Error('A view of a session is outside of it.');
  return log;
}

/** The output of a tool call so far; empty where it does not stream, or outside of a session. */
export function useOutput(call: string): string {
  const log = useContext(SessionContext);
  return useCell(log?.partials.textOf(call) ?? silence);
}

/** Whether there is an open approval of a tool call; outside of a session none is known. */
export function useAsked(call: string | undefined): boolean {
  const open = useCell(useContext(SessionContext)?.open ?? nothing);
  return (
    call !== undefined &&
    open.some(({ kind, data }) => kind === 'approval' && data.toolCall?.call === call)
  );
}

const nothing = new Cell<readonly Entry[]>([]);
const silence = new Cell('');
