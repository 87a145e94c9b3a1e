import type { ReactNode } from 'react';
import type { OutputOf } from 'turnkeep/client';
import { oneLine } from '../../text/harmless.ts';

type Agent = OutputOf<'agents.list'>['agents'][number];

interface Props {
  agents: readonly Agent[];
  /** Name of the one that is chosen. */
  chosen: string;
  choose: (name: string) => void;
}

/** The agents that there are; those that are not there, or not known yet, are folded below them. */
export function AgentChoices({ agents, chosen, choose }: Props): ReactNode {
  // One that was chosen stays where it can be seen.
  const shown = agents.filter(({ name, found }) => found?.state === 'ready' || name === chosen);
  const others = agents.filter((agent) => !shown.includes(agent));
  const sought = others.filter(({ found }) => found === null).length;
  const isMissing = others.every(({ found }) => found?.state === 'missing');
  const told = `${others.length} ${isMissing ? 'not installed' : 'not ready to be used'}`;
  const choices = (some: readonly Agent[]) => (
    <div className="agents">
      {some.map((agent) => (
        <AgentChoice
          key={agent.name}
          agent={agent}
          chosen={agent.name === chosen}
          choose={choose}
        />
      ))}
    </div>
  );
  return (
    <fieldset>
      <legend>Agent</legend>
      {choices(shown)}
      {others.length > 0 && (
        <details className="other-agents">
          <summary>{sought > 0 ? `Looking for ${sought} others …` : told}</summary>
          {choices(others)}
        </details>
      )}
    </fieldset>
  );
}

interface ChoiceProps {
  agent: Agent;
  chosen: boolean;
  choose: (name: string) => void;
}

function AgentChoice({ agent, chosen, choose }: ChoiceProps): ReactNode {
  const { name, title, found } = agent;
  const missing = found !== null && found.state !== 'ready';
  return (
    <label
      className={`agent${chosen ? ' chosen' : ''}`}
      title={missing && found.problem !== null ? oneLine(found.problem.message, 400) : undefined}
    >
      <input
        type="radio"
        name="agent"
        checked={chosen}
        disabled={missing}
        onChange={() => choose(name)}
      />
      <span className="agent-name">{title}</span>
      <span className="agent-found">{foundText(agent)}</span>
    </label>
  );
}

function foundText({ name, found, install }: Agent): string {
  if (name === 'scripted') return 'built in';
  if (found === null) return 'looking for it …';
  switch (found.state) {
    case 'ready':
      return found.version ?? 'found';
    case 'missing':
      return `not installed: ${oneLine(install, 200)}`;
    case 'failing':
      return found.problem === null ? 'does not answer' : oneLine(found.problem.message, 120);
  }
}
