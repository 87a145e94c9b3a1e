import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runInside } from '../app/insider.ts';
import { Place } from '../app/place.ts';
import type { Talk } from '../app/talk.ts';
import { ModelServer } from '../fixtures/models/model-server.ts';
import { cliEnvironment, installedCli } from './cli.ts';
import { bash, call, script } from './model-script.ts';

// Claude Code, started by a script inside a session, asks the session's person by `turnkeep mcp`.
const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let place: Place;
let model: ModelServer;
let program: string;
beforeAll(async () => {
  program = await installedCli();
  model = await ModelServer.start();
  place = await Place.open();
});
afterAll(async () => {
  await place.close();
  await model.close();
});

/** Has a script in the session run Claude Code with a prompt; what it says as JSON is in its directory. */
async function claude(talk: Talk, prompt: string): Promise<string> {
  await writeFile(path.join(talk.cwd, 'mcp.json'), await documented());
  await writeFile(path.join(talk.cwd, 'prompt'), prompt);
  const env = Object.entries(cliEnvironment(talk.cwd, model.url));
  const lines = [
    ...env.map(([name, value]) => `export ${name}='${value}'`),
    `'${program}' -p --output-format json --mcp-config mcp.json --strict-mcp-config \\`,
    '  --permission-prompt-tool mcp__turnkeep__approve <prompt',
  ];
  await writeFile(path.join(talk.cwd, 'claude.sh'), `${lines.join('\n')}\n`);
  const [said] = await runInside(talk, 'sh claude.sh');
  expect(said!.err).toBe('');
  return (JSON.parse(said!.out) as { result: string }).result;
}

/** What the model was told last: results of tools. */
const lastTold = (): string =>
  JSON.stringify(model.requests.at(-1)?.messages?.findLast(({ role }) => role === 'user'));

/** The configuration that docs/inside.md shows, with the command of this checkout. */
async function documented(): Promise<string> {
  const doc = await readFile(
    fileURLToPath(new URL('../../docs/inside.md', import.meta.url)),
    'utf8',
  );
  const [, text = ''] = /```json\n([^]*?)```/.exec(doc) ?? [];
  const { mcpServers } = JSON.parse(text) as {
    mcpServers: { turnkeep: { command: string; args: string[] } };
  };
  expect(mcpServers.turnkeep).toEqual({ command: 'turnkeep', args: ['mcp'] });
  expect(doc).toContain('--permission-prompt-tool mcp__turnkeep__approve');
  const turnkeep = { command: process.execPath, args: [cli, ...mcpServers.turnkeep.args] };
  return JSON.stringify({ mcpServers: { turnkeep } });
}

const isThere = (talk: Talk, name: string): Promise<string | null> =>
  readFile(path.join(talk.cwd, name), 'utf8').catch(() => null);

test('A1 S1: what Claude Code would do is asked about, done as it was allowed or edited, and not done when it is denied', async () => {
  const talk = await place.session();
  const result = claude(
    talk,
    script(
      bash('touch one'),
      '!next',
      bash('touch two'),
      '!next',
      call('Write', { file_path: path.join(talk.cwd, 'three'), content: 'x' }),
      '!next',
      '!say Done',
    ),
  );
  const asked = async (title: RegExp) =>
    (await talk.next('approval', ({ data }) => title.test(data.title), 60_000)).id;
  const { session } = talk;
  const decide = async (title: RegExp, decision: object): Promise<void> => {
    const approval = await asked(title);
    await place.client.approvals.decide({ session, approval, ...decision } as never);
  };
  await decide(/^touch one$/, { verdict: 'allow' });
  await decide(/^touch two$/, {
    verdict: 'allow',
    input: { command: 'touch another', description: 'x' },
  });
  await decide(/three/, { verdict: 'deny', message: 'not this file' });
  await result;
  expect(lastTold()).toContain('not this file');
  expect(await isThere(talk, 'one')).toBe('');
  expect(await isThere(talk, 'two')).toBeNull();
  expect(await isThere(talk, 'another')).toBe('');
  expect(await isThere(talk, 'three')).toBeNull();
  const { data } = talk.of('approval')[0]!;
  expect(data).toMatchObject({ outside: true, wants: { tool: 'Bash', command: 'touch one' } });
});

test('A4: the policy of the session answers Claude Code without a person, and its model may ask one', async () => {
  const talk = await place.session();
  const policy = { rules: [{ effect: 'allow' as const, command: 'touch *' }] };
  await place.client.sessions.patch({ session: talk.session, policy });
  const allowed = claude(
    talk,
    script(
      bash('touch one'),
      '!next',
      call('mcp__turnkeep__ask', { question: 'Which?', choices: ['left', 'right'] }),
      '!next',
      '!say Done',
    ),
  );
  const tool = await talk.next('approval', ({ data }) => data.title.includes('ask'), 60_000);
  await talk.decide(tool.id, 'allow');
  const { id } = await talk.next('question', undefined, 30_000);
  const answer = { answer: 'right' };
  await place.client.approvals.decide({ session: talk.session, approval: id, answer });
  await allowed;
  expect(lastTold()).toContain('right');
  expect(await isThere(talk, 'one')).toBe('');
  const [first] = talk.of('decision');
  expect(first?.data).toMatchObject({ outcome: 'allowed', ruling: { level: 'session', rule: 0 } });
});
