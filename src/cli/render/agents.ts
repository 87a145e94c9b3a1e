import type { AgentRow } from '../../protocol/operations/agents-list.ts';
import { oneLine } from '../clean.ts';
import type { Look } from './look.ts';
import { renderAge } from './measure.ts';
import { renderTable } from './table.ts';

type Offered = NonNullable<AgentRow['found']>['models'];

/** Agents as a table, and beneath it a line for each that needs something to be done. */
export function renderAgents(agents: readonly AgentRow[], usual: string, look: Look): string[] {
  const head = ['', 'AGENT', 'TITLE', 'VERSION', 'STATE', 'MODEL', 'MODE', 'EFFORT'];
  const cells = agents.map((agent) => [
    agent.name === usual ? '*' : ' ',
    oneLine(agent.name, 24),
    oneLine(agent.title, 24),
    oneLine(agent.found?.version ?? '', 16),
    stateOf(agent),
    offered(agent.found?.models ?? null),
    offered(agent.found?.modes ?? null),
    offered(agent.found?.efforts ?? null),
  ]);
  const { style } = look;
  const paint = agents.map((agent) => {
    if (agent.found === null) return (text: string) => text;
    if (agent.found.state !== 'ready') return style.dim;
    return agent.found.problem === null ? (text: string) => text : style.yellow;
  });
  return [
    ...renderTable({ head, cells, paint }, look),
    ...agents.flatMap((agent) => advice(agent, look)),
  ];
}

function stateOf({ found }: AgentRow): string {
  if (found === null) return 'not asked';
  if (found.state !== 'ready') return found.state;
  return found.problem === null ? 'ready' : 'ready (!)';
}

/** What holds without a wish, and among how many. */
function offered(offer: Offered): string {
  if (offer === null) return '';
  const count = offer.values.length;
  return `${oneLine(offer.default ?? '?', 24)}${count > 1 ? ` of ${count}` : ''}`;
}

function advice({ name, title, found, install }: AgentRow, { style }: Look): string[] {
  if (found === null || found.problem === null) return [];
  const who = `  ${style.bold(oneLine(name, 24))}: `;
  if (found.state !== 'missing') return [`${who}${oneLine(found.problem.message, 400)}`];
  return [`${who}${oneLine(title, 24)} is not installed: ${style.bold(oneLine(install, 200))}`];
}

/** All that is known of one agent. */
export function renderOneAgent(agent: AgentRow, now: number, look: Look): string[] {
  const { found, tested, install } = agent;
  const can = (['steer', 'resume', 'images'] as const).filter((what) => agent[what]).join(', ');
  const title = `${look.style.bold(oneLine(agent.title))} (${oneLine(agent.name)})`;
  const head = `${title}, ${oneLine(agent.protocol)}${can === '' ? '' : `: ${can}`}`;
  if (found === null) return [head, `state    ${stateOf(agent)}`];
  const lines = [head, `state    ${stateOf(agent)}, as of ${renderAge(found.at, now)} ago`];
  if (found.path !== null) lines.push(`program  ${oneLine(found.path, 400)}`);
  if (found.version !== null) {
    const known = tested === null ? '' : ` (tested with ${oneLine(tested)})`;
    lines.push(`version  ${oneLine(found.version)}${known}`);
  }
  if (found.problem !== null) lines.push(`problem  ${oneLine(found.problem.message, 2000)}`);
  if (found.state === 'missing') lines.push(`install  ${look.style.bold(oneLine(install, 200))}`);
  return [
    ...lines,
    ...choices('models', found.models, look),
    ...choices('modes', found.modes, look),
    ...choices('efforts', found.efforts, look),
  ];
}

function choices(what: string, offer: Offered, { style }: Look): string[] {
  if (offer === null) return [];
  const lines = offer.values.map(({ id, name, description, resolves }) => {
    const mark = id === offer.default ? '*' : ' ';
    const more = [resolves ?? (name === id ? undefined : name), description];
    const said = more
      .flatMap((text) => (text === undefined ? [] : [oneLine(text, 80)]))
      .join(' · ');
    return `  ${mark} ${style.bold(oneLine(id, 60))}${said === '' ? '' : `  ${style.dim(said)}`}`;
  });
  return [`${what}${offer.complete ? '' : ' (and others)'}`, ...lines];
}
