import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentEnvironment } from '../../src/app/environment.ts';
import { DaemonProcess, membersOf, type Shown } from './environment-process.ts';
import { agentOf, until } from './processes.ts';

test('S4: an agent gets exactly the allow-listed environment and what its driver adds', () => {
  const own = {
    PATH: '/bin',
    HOME: '/home/a',
    LC_ALL: 'C',
    XDG_CONFIG_HOME: '/x',
    TURNKEEP_HOST: 'outer',
    TURNKEEP_TOKEN_FILE: '/secret',
    ANTHROPIC_API_KEY: 'key',
    CLAUDECODE: '1',
    NODE_OPTIONS: '--inspect',
    LD_PRELOAD: '/evil.so',
    DATABASE_URL: 'postgres://secret',
  };
  expect(agentEnvironment(own, { AGENT_HOME: '/agent' })).toEqual({
    PATH: '/bin',
    HOME: '/home/a',
    LC_ALL: 'C',
    XDG_CONFIG_HOME: '/x',
    AGENT_HOME: '/agent',
  });
});

let root: string;
let daemon: DaemonProcess;
let passed: { [name: string]: string };
const state = () => join(root, 'state');

/** Claude Code's own, as its user has them; nothing of it is for another agent. */
const ofClaude = {
  ANTHROPIC_API_KEY: 'key-of-claude',
  ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
  AWS_SECRET_ACCESS_KEY: 'aws-of-claude',
};
/** Codex's own, in the same way. */
const ofCodex = {
  CODEX_HOME: '/codex',
  OPENAI_API_KEY: 'key-of-codex',
};
/** Keys of model services, for agents that work with any of them. */
const ofModels = {
  ANTHROPIC_API_KEY: ofClaude.ANTHROPIC_API_KEY,
  OPENAI_API_KEY: ofCodex.OPENAI_API_KEY,
};
const piProgram = (file: string): string =>
  fileURLToPath(new URL(`../../src/agents/pi/program/${file}`, import.meta.url));

/** What nobody gets: of the daemon, of a session that it was started in, of loaders. */
const keptBack = {
  CLAUDECODE: '1',
  CLAUDE_CODE_ENTRYPOINT: 'cli',
  CLAUDE_CODE_SSE_PORT: '1',
  DATABASE_URL: 'postgres://secret',
  GITHUB_TOKEN: 'secret',
  HTTPX: 'secret',
  NODE_DEBUG_NATIVE: '',
  OPENAI_ORGANIZATION: 'secret',
  PATHS: 'secret',
  TURNKEEP_HOST: 'outer',
  TURNKEEP_SESSION: 'outer',
  TURNKEEP_SOCKET: '/outer',
  TURNKEEP_STATE: '/outer',
  TURNKEEP_TOKEN: 'secret',
  TURNKEEP_TOKEN_FILE: '/outer',
  TURNKEEP_URL: 'http://127.0.0.1:1',
};

const fakeAgent = `#!/bin/sh
cat "/proc/$$/environ" > environ.new
mv environ.new environ
while read -r line; do :; done
`;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-environment-')));
  const programs = join(root, 'bin');
  await mkdir(programs);
  for (const name of ['claude', 'codex', 'gemini', 'opencode', 'pi-acp']) {
    await writeFile(join(programs, name), fakeAgent);
    await chmod(join(programs, name), 0o755);
  }
  passed = {
    HOME: root,
    LANG: 'C.UTF-8',
    LANGUAGE: 'en',
    LC_TIME: 'C',
    LOGNAME: 'somebody',
    PATH: `${programs}:${process.env['PATH']}`,
    SHELL: '/bin/sh',
    SSH_AUTH_SOCK: join(root, 'agent.sock'),
    TMPDIR: root,
    TZ: 'UTC',
    USER: 'somebody',
    XDG_CONFIG_HOME: join(root, 'config'),
  };
  daemon = await DaemonProcess.start(state(), { ...passed, ...ofClaude, ...ofCodex, ...keptBack });
});
afterAll(async () => {
  try {
    await daemon.stop();
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

/** What each host is given beside what its agent is. */
function ofHost(host: string, session: string): { [name: string]: string } {
  return {
    TURNKEEP_HOST: host,
    TURNKEEP_SESSION: session,
    TURNKEEP_SOCKET: join(state(), 'turnkeep.sock'),
    TURNKEEP_TOKEN_FILE: join(state(), 'hosts', host, 'token'),
  };
}

const ofDriver: { readonly [agent: string]: { [name: string]: string } } = {
  scripted: {},
  claude: {
    ...ofClaude,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_TELEMETRY: '1',
  },
  codex: ofCodex,
  gemini: { GEMINI_CLI_NO_RELAUNCH: 'true', GEMINI_CLI_TRUST_WORKSPACE: 'false' },
  opencode: {
    ...ofModels,
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_EXTERNAL_SKILLS: '1',
    OPENCODE_DISABLE_PROJECT_CONFIG: '1',
    OPENCODE_PERMISSION: JSON.stringify({
      '*': 'ask',
      glob: 'allow',
      grep: 'allow',
      list: 'allow',
      read: { '*': 'allow', '*.env': 'ask', '*.env.*': 'ask', '*.env.example': 'allow' },
      todoread: 'allow',
      todowrite: 'allow',
    }),
  },
  pi: {
    ...ofModels,
    PI_ACP_PI_COMMAND: piProgram('pi.sh'),
    PI_SKIP_VERSION_CHECK: '1',
    TURNKEEP_PI: 'pi',
    TURNKEEP_PI_ARGUMENTS: '--no-approve --no-context-files',
    TURNKEEP_PI_EXTENSION: piProgram('extension.ts'),
  },
};

function variables(lines: readonly string[]): { [name: string]: string } {
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function withoutShell(env: { [name: string]: string }): { [name: string]: string } {
  const { PATH: _path, PWD: _pwd, OLDPWD: _old, SHLVL: _level, _: _last, ...rest } = env;
  return rest;
}

/** The relay alone is started by a shell that adds its own to what it was given. */
function fits(
  { pid, argv, environment }: Shown,
  agentPid: number,
  wanted: { [name: string]: string },
): boolean {
  const found = variables(environment);
  const whole = pid === agentPid || argv.includes('turnkeep-host');
  return isDeepStrictEqual(
    whole ? found : withoutShell(found),
    whole ? wanted : withoutShell(wanted),
  );
}

async function hostOf(agent: string, cwd: string): Promise<{ id: string; session: string }> {
  await mkdir(cwd, { recursive: true });
  const input = { agent, cwd, prompt: '[[hang]]' };
  const { session } = await daemon.call('sessions.create', input);
  const host = async () => (await daemon.call('sessions.get', { session: session.id })).host;
  await until('there is a host', async () => (await host())?.pid !== undefined, 15_000);
  return { id: (await host()).id, session: session.id };
}

test('S4: the agents are those that this looks at', async () => {
  const { agents } = await daemon.call('agents.list');
  expect(agents.map(({ name }: { name: string }) => name)).toEqual(Object.keys(ofDriver));
});

test.each(Object.keys(ofDriver))(
  'S4: all processes of a host of %s have exactly the environment that they are to have',
  async (agent) => {
    const host = await hostOf(agent, join(root, `of-${agent}`));
    const wanted = { ...passed, ...ofDriver[agent], ...ofHost(host.id, host.session) };
    await until('the agent is there', async () => (await agentOf(state(), host.id)) !== null);
    const agentPid = (await agentOf(state(), host.id))!;
    await until('wrapper, relay and agent are there', async () => {
      return (await membersOf(host.id)).length >= 3;
    });
    // A process that is just becoming another one is seen half as the one and half as the other.
    await expect
      .poll(async () => (await membersOf(host.id)).filter((one) => !fits(one, agentPid, wanted)))
      .toEqual([]);
    const members = await membersOf(host.id);
    expect(members.map(({ pid }) => pid)).toContain(agentPid);
  },
);

test('S4: a fake Claude Code says of itself that it has nothing else', async () => {
  const cwd = join(root, 'of-claude-itself');
  const host = await hostOf('claude', cwd);
  const dump = join(cwd, 'environ');
  const read = async () =>
    (await readFile(dump, 'latin1').catch(() => '')).split('\0').slice(0, -1);
  await until('it has said so', async () => (await read()).length > 0, 15_000);
  const wanted = { ...passed, ...ofDriver['claude'], ...ofHost(host.id, host.session) };
  expect(variables(await read())).toEqual(wanted);
});
