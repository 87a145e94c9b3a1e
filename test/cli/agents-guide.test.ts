import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { knownAgents as agents, withTables } from '../../scripts/docs/agents-table.ts';
import { cliVersion } from '../agents/cli.ts';
import { codexVersion } from '../agents/codex-cli.ts';
import { pinned } from '../agents/real-agents.ts';
import { compiled } from '../compile-cache.ts';

// What docs/agents.md tells people to type is typed here, and what it says of agents is compared to them.
const root = path.join(import.meta.dirname, '../..');
const guide = readFileSync(path.join(root, 'docs/agents.md'), 'utf8');

let home = '';
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'turnkeep-guide-'));
});
afterAll(async () => {
  await type('turnkeep stop');
  await rm(home, { recursive: true, force: true });
});

async function type(line: string): Promise<{ code: number | null; out: string; err: string }> {
  const cli = path.join(root, 'src/cli/main.ts');
  const script = `turnkeep() { "${process.execPath}" "${cli}" "$@"; }; ${line}`;
  const child = spawn('bash', ['-c', script], {
    cwd: home,
    env: {
      PATH: '/usr/bin:/bin',
      HOME: home,
      TURNKEEP_STATE: path.join(home, 'state'),
      ...compiled(),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

test('the commands of the guide to agents do what it says', { timeout: 60_000 }, async () => {
  const block = /```sh\n(turnkeep [^]*?)```/.exec(guide)?.[1] ?? '';
  const lines = block
    .trim()
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, ''));
  expect(lines).toHaveLength(5);
  const [table, one, json, doctor, run] = lines as [string, string, string, string, string];
  expect((await type('turnkeep up --detach')).code).toBe(0);

  const shown = await type(table);
  expect(shown.out).toMatch(/\* +scripted .* ready .* steady of 2 +ask of 2/);
  expect(shown.out).toContain('claude: Claude Code is not installed: npm install -g');
  expect((await type(one)).out).toContain('  * steady  Steady · 15 ms between chunks\n');
  const answer = JSON.parse((await type(json)).out) as { agents: { name: string }[] };
  expect(answer.agents.map(({ name }) => name)).toEqual(agents.map(({ profile }) => profile.name));
  const checked = await type(doctor);
  expect(checked.code, checked.out).toBe(0);
  expect((await type(run)).out).toMatch(/^Hello\.\n✓ completed/);
});

test('the guide says of each agent what its profile says, and the tested version is the one that is tested', () => {
  expect(guide).toBe(withTables(guide));
  for (const { profile } of agents) expect(guide).toContain(profile.install);
  const testedOf = (name: string) =>
    agents.find(({ profile }) => profile.name === name)?.probe?.tested;
  expect([testedOf('claude'), testedOf('codex')]).toEqual([cliVersion, codexVersion]);
  const { gemini, opencode, pi } = pinned;
  expect([testedOf('gemini'), testedOf('opencode'), testedOf('pi')]).toEqual(
    [gemini, opencode, pi].map(({ version }) => version),
  );
});

test('the files that the guide links are there', () => {
  const links = [...guide.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1]!);
  expect(links.length).toBeGreaterThan(2);
  expect(links.filter((link) => !existsSync(path.join(root, 'docs', link)))).toEqual([]);
});
