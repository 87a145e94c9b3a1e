import { useCallback, useEffect, useState } from 'react';
import { type OutputOf, RefusalError } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';

export type Agent = OutputOf<'agents.list'>['agents'][number];

const probeMs = 60_000;

/** An agent and what it can do; `look` asks it what it offers, where nobody has asked it yet. */
export function useAgent(name: string | undefined): { agent: Agent | undefined; look: () => void } {
  const { client } = useConsole();
  const [agent, setAgent] = useState<Agent | undefined>(undefined);
  const [wanted, setWanted] = useState(false);
  useEffect(() => {
    if (name === undefined) return undefined;
    const { signal, take, stop } = answerOf(name, setAgent);
    take(client.agents.list({}, { signal }));
    return stop;
  }, [client, name]);
  // What is wanted before the list has come is asked for when it has.
  const looking = wanted && agent?.found === null;
  useEffect(() => {
    if (name === undefined || !looking) return undefined;
    const { signal, take, stop } = answerOf(name, setAgent);
    take(client.agents.probe({ agent: name }, { signal, timeoutMs: probeMs }));
    return stop;
  }, [client, name, looking]);
  const look = useCallback(() => setWanted(true), []);
  return { agent, look };
}

/** Takes the agent out of an answer, until it is stopped. */
function answerOf(name: string, setAgent: (agent: Agent | undefined) => void) {
  const stop = new AbortController();
  const { signal } = stop;
  const take = (asked: Promise<OutputOf<'agents.list'>>): void => {
    asked.then(
      ({ agents }) => setAgent(agents.find((one) => one.name === name)),
      (error: unknown) => {
        // What it offers is not shown then; what is sent is judged by the daemon.
        if (!signal.aborted && !(error instanceof RefusalError)) throw error;
      },
    );
  };
  return { signal, take, stop: () => stop.abort() };
}
