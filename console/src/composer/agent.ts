import { useCallback, useEffect, useState } from 'react';
import { type OutputOf, RefusalError } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';
import { useAnswer } from '../state/question.ts';

export type Agent = OutputOf<'agents.list'>['agents'][number];

const probeMs = 60_000;

/** An agent and what it can do; `look` asks it what it offers, where nobody has asked it yet. */
export function useAgent(name: string | undefined): { agent: Agent | undefined; look: () => void } {
  const { client } = useConsole();
  const [probed, setProbed] = useState<readonly Agent[]>([]);
  const [wanted, setWanted] = useState(false);
  const { answer } = useAnswer('', (signal) => client.agents.list({}, { signal }));
  const agent = [...probed, ...(answer?.agents ?? [])].find((one) => one.name === name);
  // What is wanted before the list has come is asked for when it has.
  const looking = wanted && agent?.found === null;
  useEffect(() => {
    if (name === undefined || !looking) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    client.agents.probe({ agent: name }, { signal, timeoutMs: probeMs }).then(
      ({ agents }) => setProbed(agents),
      (error: unknown) => {
        // What it offers is not shown then; what is sent is judged by the daemon.
        if (!signal.aborted && !(error instanceof RefusalError)) throw error;
      },
    );
    return () => stop.abort();
  }, [client, name, looking]);
  const look = useCallback(() => setWanted(true), []);
  return { agent, look };
}
