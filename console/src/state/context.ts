import { createContext, useContext } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { useCell } from './cell.ts';
import type { Console } from './console.ts';

export const ConsoleContext = createContext<Console | null>(null);

/** The console that the view is in. */
export function useConsole(): Console {
  const found = useContext(ConsoleContext);
  if (found === null) throw new Error('A view of the console is outside of it.');
  return found;
}

/** A session's row; undefined while the list does not have it. */
export function useRow(session: string): SessionRow | undefined {
  return useCell(useConsole().list.rows).get(session);
}
