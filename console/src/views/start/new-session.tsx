import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { type InputOf, newId, type OutputOf } from 'turnkeep/client';
import { type Choice, Choices } from '../../composer/choices.tsx';
import { contentOf, tooLarge } from '../../composer/content.ts';
import { useAttempt } from '../../composer/use-attempt.ts';
import { useConsole } from '../../state/context.ts';
import { useAnswer } from '../../state/question.ts';
import { oneLine } from '../../text/harmless.ts';
import { AgentChoices } from './agent-choices.tsx';
import { DirectoryField, useDirectories } from './directory-field.tsx';
import { Examples } from './examples.tsx';
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
  const [picked, setAgent] = useState<string | null>(null);
  const directories = useDirectories();
  const { directory } = directories;
  const [choice, setChoice] = useState<Choice>(nothing);
  const [prompt, setPrompt] = useState('');
  const { problem: refused, field, busy, attempt } = useAttempt();
  const idsOf = useIds();
  const chosen = picked ?? agents?.default ?? '';
  const agent = agents?.agents.find(({ name }) => name === chosen);
  const large = tooLarge({ text: prompt, pictures: [] });
  const atDirectory = field === 'cwd';
  const problem = large ?? (atDirectory ? null : refused) ?? (agents === null ? missing : null);
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
        <AgentChoices agents={agents?.agents ?? []} chosen={chosen} choose={choose} />
        <DirectoryField {...directories} problem={atDirectory ? refused : null} />
        <div className={agent?.found === null ? 'place-of-choices' : undefined}>
          <Choices agent={agent} look={lookedFor} choice={choice} setChoice={setChoice} />
        </div>
        <label>
          What is to be done
          <textarea
            className="field"
            rows={4}
            value={prompt}
            onChange={(event) => setPrompt(event.target.value)}
          />
        </label>
        {chosen === 'scripted' && <Examples prompt={prompt} choose={setPrompt} />}
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
    // Those that were not ready may be by now.
    if (told.agents.every(({ found }) => found?.state === 'ready')) return told;
    return client.agents.probe({}, { signal, timeoutMs: probeMs });
  });
  return { agents: answer ?? known, problem };
}
