import { builtInAgents } from '../../src/agents/agents.ts';
import type { AgentDriver, AgentProfile } from '../../src/ports/agent.ts';
import { cells, type Cell } from '../../test/agents/contract/cells.ts';
import { dialects } from '../../test/agents/contract/dialects.ts';

const foreign = { program: 'program', env: {}, trusted: [] };

/** The drivers of all agents that Turnkeep knows, for what they say of themselves. */
export const knownAgents: readonly AgentDriver[] = builtInAgents({
  scripted: { node: 'node', program: 'main', store: 'store' },
  claude: foreign,
  codex: foreign,
  gemini: foreign,
  opencode: foreign,
  pi: { ...foreign, pi: 'pi', launcher: 'launcher', extension: 'extension' },
});

const protocols: { readonly [P in AgentProfile['protocol']]: string } = {
  acp: 'ACP v1',
  'stream-json': 'its own stream of JSON lines',
  'app-server': 'its own app-server',
};

const columns: readonly (readonly [string, (driver: AgentDriver) => string])[] = [
  ['agent', ({ profile }) => `\`${profile.name}\``],
  ['program', ({ profile }) => (profile.install === 'built in' ? 'built in' : profile.title)],
  ['protocol', ({ profile }) => protocols[profile.protocol]],
  ['tested with', ({ probe }) => probe?.tested ?? 'itself'],
  ['steers', ({ profile }) => yes(profile.steer)],
  ['resumes', ({ profile }) => yes(profile.resume)],
  ['images', ({ profile }) => yes(profile.images)],
  ['exact forks', ({ profile }) => yes(profile.fork)],
  ['edited inputs', ({ profile }) => yes(profile.editsInput)],
  ['hears denials', ({ profile }) => yes(profile.hearsDenials)],
  ['settings', ({ profile }) => profile.settings.map(code).join(' ')],
  ['of these at once', ({ profile }) => profile.live.map(code).join(' ') || '–'],
];

const begin = (name: string) => `<!-- ${name}: written by scripts/agents-table.ts -->`;
const end = (name: string) => `<!-- end of ${name} -->`;

/** The text with the tables of agents as they are now. */
export function withTables(text: string): string {
  return within(within(text, 'agents', agentRows()), 'contract', contractRows());
}

function within(text: string, name: string, rows: readonly (readonly string[])[]): string {
  const [before, rest] = text.split(begin(name));
  const after = rest?.split(end(name))[1];
  if (before === undefined || after === undefined) throw new Error(`no place for ${name}`);
  const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
  return `${before}${begin(name)}\n\n${table}\n\n${end(name)}${after}`;
}

function agentRows(): readonly (readonly string[])[] {
  return [
    columns.map(([head]) => head),
    columns.map(() => '---'),
    ...knownAgents.map((driver) => columns.map(([, cell]) => cell(driver))),
  ];
}

/** What at least one agent cannot do, by the failures that its contract expects. */
function contractRows(): readonly (readonly string[])[] {
  const agents = Object.values(dialects);
  const named = Object.entries(cells) as readonly (readonly [Cell, string])[];
  const lacking = named.filter(([cell]) => agents.some(({ cannot }) => cell in cannot));
  return [
    ['what', ...agents.map(({ agent }) => code(agent))],
    ['---', ...agents.map(() => '---')],
    ...lacking.map(([cell, title]) => [
      title.replace(/^(?:[A-Z]\d+ ?)+: /, ''),
      ...agents.map(({ cannot }) => cannot[cell]?.because ?? 'yes'),
    ]),
  ];
}

function yes(flag: boolean): string {
  return flag ? 'yes' : 'no';
}

function code(text: string): string {
  return `\`${text}\``;
}
