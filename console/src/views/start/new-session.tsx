import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { type InputOf, newId, type OutputOf } from 'turnkeep/client';
import { type Choice, Choices } from '../../composer/choices.tsx';
import { contentOf, tooLarge } from '../../composer/content.ts';
import { useAttempt } from '../../composer/use-attempt.ts';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { useAnswer } from '../../state/question.ts';
import { oneLine } from '../../text/harmless.ts';
import './start.css';
import './new-session.css';

type Agents = OutputOf<'agents.list'>;
type Wish = Omit<InputOf<'sessions.create'>, 'prompt'>;

/** Programs are started to find out what they are. */
const probeMs = 60_000;

/** Begins a session: an agent, a directory, a prompt. */
export function NewSession({ first = false }: { first?: boolean }): ReactNode {
  const { client, router } = useConsole();
  const { agents, problem: missing } = useAgents();
  const [agent, setAgent] = useState<string | null>(null);
  const { directories, directory, setDirectory } = useDirectory();
  const [choice, setChoice] = useState<Choice>(nothing);
  const [prompt, setPrompt] = useState('');
  const { problem: refused, busy, attempt } = useAttempt();
  const idsOf = useIds();
  const chosen = agent ?? agents?.default ?? '';
  const large = tooLarge({ text: prompt, pictures: [] });
  const problem = large ?? refused ?? (agents === null ? missing : null);
  const choose = (name: string) => {
    setAgent(name);
    // What another agent offers is nothing to this one.
    setChoice(nothing);
  };
  const begin = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || large !== null) return;
    await attempt(async () => {
      const wish: Wish = {
        agent: chosen,
        ...(directory === '' ? {} : { cwd: directory }),
        ...wishOf(choice),
      };
      const { id, promptId } = idsOf(JSON.stringify([wish, prompt]));
      const content = { prompt: await contentOf(client, { text: prompt, pictures: [] }), promptId };
      const first = prompt.trim() === '' ? {} : content;
      const { session } = await client.sessions.create({ id, ...wish, ...first });
      router.go({ view: 'session', session: session.id, seq: null });
    });
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
            onChange={(event) => setDirectory(event.target.value)}
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
        <button type="submit" className="button primary" disabled={busy || large !== null}>
          {busy ? 'Beginning …' : 'Begin'}
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

/** The same ids for the same wish: asked for twice, it is one session. */
function useIds(): (wish: string) => { id: string; promptId: string } {
  const last = useRef({ wish: '', id: '', promptId: '' });
  return (wish) => {
    if (last.current.wish !== wish) last.current = { wish, id: newId(), promptId: newId() };
    return last.current;
  };
}

/** The agents of the daemon; those that nobody has looked for yet are looked for. */
function useAgents(): { agents: Agents | null; problem: string | null } {
  const { client } = useConsole();
  const [known, setKnown] = useState<Agents | null>(null);
  const { answer, problem } = useAnswer('', async (signal) => {
    const told = await client.agents.list({}, { signal });
    setKnown(told);
    if (told.agents.every(({ found }) => found !== null)) return told;
    return client.agents.probe({}, { signal, timeoutMs: probeMs });
  });
  return { agents: answer ?? known, problem };
}

/**
 * Directories of sessions that there are, the latest first, or that of the daemon; and the one that was
 * chosen. What is shown once stays, whatever sessions do meanwhile.
 */
function useDirectory() {
  const { client, list } = useConsole();
  const rows = useCell(list.rows);
  const ready = useCell(list.ready);
  const { answer, problem } = useAnswer('', (signal) => client.server.info({}, { signal }));
  const latest = rows
    .values()
    .toArray()
    .toSorted((a, b) => (a.lastActivityAt < b.lastActivityAt ? 1 : -1))
    .map(({ cwd }) => cwd);
  const usual = answer?.defaultCwd ?? null;
  const directories = [...new Set([...latest, ...(usual === null ? [] : [usual])])].slice(0, 30);
  const [chosen, setDirectory] = useState<string | null>(null);
  const known = ready && (rows.size > 0 || answer !== null || problem !== null);
  const first = known ? (directories[0] ?? null) : null;
  useEffect(() => setDirectory((now) => now ?? first), [first]);
  return { directories, directory: chosen ?? '', setDirectory };
}
