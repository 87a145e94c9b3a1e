import { builtInAgents } from '../../src/agents/agents.ts';
import type { AgentDriver, AgentProfile } from '../../src/ports/agent.ts';

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

const begin = '<!-- agents: written by scripts/agents-table.ts -->';
const end = '<!-- end of agents -->';

/** The text with the table of agents as they are now. */
export function withTable(text: string): string {
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`no place for it: ${begin}`);
  return `${before}${begin}\n\n${tableOf(knownAgents)}\n\n${end}${after}`;
}

function tableOf(drivers: readonly AgentDriver[]): string {
  const rows = [
    columns.map(([head]) => head),
    columns.map(() => '---'),
    ...drivers.map((driver) => columns.map(([, cell]) => cell(driver))),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function yes(flag: boolean): string {
  return flag ? 'yes' : 'no';
}

function code(text: string): string {
  return `\`${text}\``;
}
