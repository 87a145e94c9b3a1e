import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { type OutputOf, RefusalError } from 'turnkeep/client';
import { useConsole, useRow } from '../state/context.ts';

type Agent = OutputOf<'agents.list'>['agents'][number];

const Agents = createContext<readonly Agent[]>([]);

/** What agents can do, asked for once for all questions in it. */
export function WithAgents({ children }: { children: ReactNode }): ReactNode {
  const { client } = useConsole();
  const [agents, setAgents] = useState<readonly Agent[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    client.agents.list({}, { signal: stop.signal }).then(
      (told) => setAgents(told.agents),
      (error: unknown) => {
        // Without it questions are answered with less comfort.
        if (!stop.signal.aborted && !(error instanceof RefusalError)) throw error;
      },
    );
    return () => stop.abort();
  }, [client]);
  return <Agents value={agents}>{children}</Agents>;
}

/** The agent of a session; undefined while it is not known. */
export function useAgentOf(session: string): Agent | undefined {
  const agents = useContext(Agents);
  const name = useRow(session)?.agent;
  return agents.find((agent) => agent.name === name);
}
