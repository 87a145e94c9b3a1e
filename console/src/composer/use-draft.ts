import { useEffect } from 'react';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import type { SessionLog } from '../state/session-log.ts';

/** What was written to a session and not sent, kept by this browser. */
export function useDraft(session: string): [string, (next: string) => void] {
  const { drafts } = useConsole();
  useCell(drafts.kept);
  return [drafts.of(session).text, (next) => drafts.write(session, next)];
}

/** Takes a message out of the draft when the log has it, also where its answer was lost. */
export function useArrival(log: SessionLog, tell: () => void): void {
  const { drafts } = useConsole();
  useEffect(() => {
    const look = () => {
      const { sent } = drafts.of(log.id);
      if (sent === null) return;
      if (!log.window.get().entries.some(({ id }) => id === sent.id)) return;
      drafts.arrived(log.id, sent.id);
      tell();
    };
    look();
    return log.window.watch(look);
  }, [drafts, log, tell]);
}
