import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import { type OutputOf, RefusalError } from 'turnkeep/client';
import { type Choice, Choices } from '../../composer/choices.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { oneLine } from '../../text/harmless.ts';
import './start.css';
import './new-session.css';

type Agents = OutputOf<'agents.list'>;

/** Programs are started to find out what they are. */
const probeMs = 60_000;

/** Begins a session: an agent, a directory, a prompt. */
export function NewSession({ first = false }: { first?: boolean }): ReactNode {
  const { client, router } = useConsole();
  const agents = useAgents();
  const directories = useDirectories();
  const [agent, setAgent] = useState<string | null>(null);
  const [cwd, setCwd] = useState<string | null>(null);
  const [choice, setChoice] = useState<Choice>(nothing);
  const [prompt, setPrompt] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const chosen = agent ?? agents?.default ?? '';
  const directory = cwd ?? directories[0] ?? '';
  const choose = (name: string) => {
    setAgent(name);
    // What another agent offers is nothing to this one.
    setChoice(nothing);
  };
  const begin = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      const { session } = await client.sessions.create({
        agent: chosen,
        ...(directory === '' ? {} : { cwd: directory }),
        ...wishOf(choice),
        ...(prompt.trim() === '' ? {} : { prompt }),
      });
      router.go({ view: 'session', session: session.id, seq: null });
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      setProblem(error.refusal.message);
    }
  };
  return (
    <div className="start">
      <form className="start-box new-session" onSubmit={(event) => void begin(event)}>
        <h1>{first ? 'Begin your first session' : 'New session'}</h1>
        <fieldset>
          <legend>Agent</legend>
          <div className="agents">
            {agents?.agents.map((one) => (
              <AgentChoice
                key={one.name}
                agent={one}
                chosen={one.name === chosen}
                choose={choose}
              />
            ))}
          </div>
        </fieldset>
        <label>
          Directory
          <input
            className="field mono"
            value={directory}
            list="directories"
            placeholder="/home/me/project"
            onChange={(event) => setCwd(event.target.value)}
          />
        </label>
        <datalist id="directories">
          {directories.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <Choices
          agent={agents?.agents.find(({ name }) => name === chosen)}
          look={lookedFor}
          choice={choice}
          setChoice={setChoice}
        />
        <label>
          What is to be done
          <textarea
            className="field"
            rows={4}
            value={prompt}
            onChange={(event) => setPrompt(event.target.value)}
          />
        </label>
        {problem !== null && (
          <p className="composer-problem" role="alert">
            {oneLine(problem, 400)}
          </p>
        )}
        <button type="submit" className="button primary">
          Begin
        </button>
      </form>
    </div>
  );
}

const nothing: Choice = { model: null, mode: null, effort: null };
/** Here all agents are looked for anyway. */
const lookedFor = (): void => undefined;

function wishOf(choice: Choice): Partial<Record<keyof Choice, string>> {
  return Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== null));
}

function AgentChoice({
  agent,
  chosen,
  choose,
}: {
  agent: Agents['agents'][number];
  chosen: boolean;
  choose: (name: string) => void;
}): ReactNode {
  const missing = agent.found !== null && agent.found.state !== 'ready';
  return (
    <label className={`agent${chosen ? ' chosen' : ''}`}>
      <input
        type="radio"
        name="agent"
        checked={chosen}
        disabled={missing}
        onChange={() => choose(agent.name)}
      />
      <span className="agent-name">{agent.title}</span>
      <span className="agent-found">{foundText(agent)}</span>
    </label>
  );
}

function foundText({ name, found }: Agents['agents'][number]): string {
  if (name === 'scripted') return 'built in';
  if (found === null) return 'looking for it …';
  if (found.state === 'ready') return found.version ?? 'found';
  return found.problem === null ? found.state : oneLine(found.problem.message, 60);
}

/** The agents of the daemon; those that nobody has looked for yet are looked for. */
function useAgents(): Agents | null {
  const { client } = useConsole();
  const [agents, setAgents] = useState<Agents | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      const { signal } = stop;
      const known = await client.agents.list({}, { signal });
      setAgents(known);
      if (known.agents.every(({ found }) => found !== null)) return;
      setAgents(await client.agents.probe({}, { signal, timeoutMs: probeMs }));
    };
    look().catch((error: unknown) => {
      // Without an answer what is known stays: whoever begins a session is told what is missing.
      if (!stop.signal.aborted && !(error instanceof RefusalError)) throw error;
    });
    return () => stop.abort();
  }, [client]);
  return agents;
}

/** Directories of sessions that there are, the latest first, or that of the daemon. */
function useDirectories(): readonly string[] {
  const { client, list } = useConsole();
  const rows = useCell(list.rows);
  const [usual, setUsual] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    client.server.info({}, { signal: stop.signal }).then(
      ({ defaultCwd }) => setUsual(defaultCwd),
      (error: unknown) => {
        if (!stop.signal.aborted && !(error instanceof RefusalError)) throw error;
      },
    );
    return () => stop.abort();
  }, [client]);
  const latest = rows
    .values()
    .toArray()
    .toSorted((a, b) => (a.lastActivityAt < b.lastActivityAt ? 1 : -1))
    .map(({ cwd }) => cwd);
  return [...new Set([...latest, ...(usual === null ? [] : [usual])])].slice(0, 30);
}
