import { useCallback, useEffect, useState } from 'react';
import { type OutputOf, RefusalError } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';

export type Agent = OutputOf<'agents.list'>['agents'][number];

const probeMs = 60_000;

/** An agent and what it can do; `look` asks it what it offers, where nobody has asked it yet. */
export function useAgent(name: string | undefined): { agent: Agent | undefined; look: () => void } {
  const { client } = useConsole();
  const [agent, setAgent] = useState<Agent | undefined>(undefined);
  const [looking, setLooking] = useState(false);
  useEffect(() => {
    if (name === undefined) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    const asked = looking
      ? client.agents.probe({ agent: name }, { signal, timeoutMs: probeMs })
      : client.agents.list({}, { signal });
    asked.then(
      ({ agents }) => setAgent(agents.find((one) => one.name === name)),
      (error: unknown) => {
        // What it offers is not shown then; what is sent is judged by the daemon.
        if (!signal.aborted && !(error instanceof RefusalError)) throw error;
      },
    );
    return () => stop.abort();
  }, [client, name, looking]);
  const known = agent?.found !== null;
  const look = useCallback(() => {
    if (!known) setLooking(true);
  }, [known]);
  return { agent, look };
}
