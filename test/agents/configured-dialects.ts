// Agents of an operator's own file, with nothing known of them but what stands there.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cliEnvironment } from './cli.ts';
import { codexEnvironment } from './codex-cli.ts';
import { addFile, run } from './codex-script.ts';
import type { EditorDialect } from './editor-cells.ts';
import type { DaemonStart, Where } from './editor-world.ts';
import { apart, choices, which, withQuestions } from './editor-dialects.ts';
import { installed, type Pinned } from './installed.ts';
import { bash, call } from './model-script.ts';

const main = path.join(import.meta.dirname, '../../src/cli/main.ts');

export const configuredPrograms = {
  qwen: { name: '@qwen-code/qwen-code', version: '0.24.4', command: 'qwen' },
  claudeAdapter: {
    name: '@agentclientprotocol/claude-agent-acp',
    version: '0.100.0',
    command: 'claude-agent-acp',
  },
  codexAdapter: {
    name: '@agentclientprotocol/codex-acp',
    version: '2.6.0',
    command: 'codex-acp',
  },
} satisfies { [agent: string]: Pinned };

/** A member of `agents.json`; `command` is the installed program. */
interface Entry {
  name: string;
  args?: readonly string[];
  env: readonly string[];
  quirks?: object;
}

/** `turnkeep up` with one agent in its file, and the variables that are passed on to it. */
async function up(
  where: Where,
  program: Pinned,
  { entry, env }: { entry: Entry; env: { [name: string]: string } },
): Promise<DaemonStart> {
  const agents = [{ ...entry, command: await installed(program) }];
  await mkdir(where.state, { mode: 0o700 });
  const file = path.join(where.state, 'agents.json');
  await writeFile(file, JSON.stringify({ agents }), { mode: 0o600 });
  const PATH = `${where.bin}:${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
  return {
    words: [main, 'up', '--state', where.state, '--port', '0', '--json'],
    env: { ...env, PATH, HOME: where.home },
  };
}

export const qwen: EditorDialect = {
  agent: 'qwen',
  prepare: async (where) => {
    await mkdir(path.join(where.home, '.qwen'));
    const settings = {
      security: { auth: { selectedType: 'openai' } },
      general: { enableAutoUpdate: false, disableAutoUpdate: true },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      model: { name: 'scripted' },
      // Its own default asks the model about each command, and a person only where that is in doubt.
      tools: { approvalMode: 'default' },
      ui: { enableFollowupSuggestions: false },
    };
    await writeFile(path.join(where.home, '.qwen/settings.json'), JSON.stringify(settings));
    return up(where, configuredPrograms.qwen, {
      entry: {
        name: 'qwen',
        args: ['--acp'],
        quirks: { tokens: 'request' },
        env: ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_MODEL', 'QWEN_CODE_NO_RELAUNCH'],
      },
      env: {
        // One process instead of two.
        QWEN_CODE_NO_RELAUNCH: 'true',
        OPENAI_API_KEY: 'not-a-key',
        OPENAI_BASE_URL: `${where.model}/v1`,
        OPENAI_MODEL: 'scripted',
      },
    });
  },
  write: (file_path, content) => call('write_file', { file_path, content }),
  bash: (command) =>
    call('run_shell_command', { command, description: 'As scripted', is_background: false }),
  question: {
    line: call('ask_user_question', {
      questions: [{ question: which, header: 'Colour', multiSelect: false, options: choices }],
    }),
    field: which,
  },
  mode: 'auto-edit',
  model: { value: '$runtime|openai|other(openai)', asked: /^other$/ },
  tokens: apart,
  thoughts: /let me see/,
  cannot: {
    context: 'it does not tell how full its context is',
    question: 'it asks as for a permission, with answers in a way of its own',
    unasked: 'it asks as for a permission, with answers in a way of its own',
    steer: 'the protocol has no way to steer',
    model: 'with a service of its own it has one model',
  },
};

export const claudeAdapter: EditorDialect = {
  agent: 'claude-acp',
  prepare: async (where) => {
    const {
      PATH: _path,
      HOME: _home,
      TMPDIR: _tmp,
      ...env
    } = cliEnvironment(where.home, where.model);
    return up(where, configuredPrograms.claudeAdapter, {
      entry: { name: 'claude-acp', env: Object.keys(env) },
      env,
    });
  },
  write: (file_path, content) => call('Write', { file_path, content }),
  bash,
  question: {
    line: call('AskUserQuestion', {
      questions: [{ question: which, header: 'Colour', multiSelect: false, options: choices }],
    }),
    field: 'question_0',
  },
  model: { value: 'haiku', asked: /haiku/ },
  mode: 'acceptEdits',
  tokens: apart,
  thoughts: /let me see/,
  cannot: { steer: 'the protocol has no way to steer' },
};

export const codexAdapter: EditorDialect = {
  agent: 'codex-acp',
  prepare: async (where) => {
    const {
      PATH: _path,
      HOME: _home,
      TMPDIR: _tmp,
      ...env
    } = await codexEnvironment(where.home, where.model);
    await withQuestions(where.home);
    const all = { ...env, INITIAL_AGENT_MODE: 'read-only', NO_BROWSER: '1' };
    return up(where, configuredPrograms.codexAdapter, {
      entry: { name: 'codex-acp', env: Object.keys(all) },
      env: all,
    });
  },
  write: (file, content) => addFile(file, ...content.trimEnd().split('\n')),
  // What its sandbox allows it does unasked.
  bash: (command) =>
    run(command, { sandbox_permissions: 'require_escalated', justification: 'As scripted' }),
  question: {
    line: call('request_user_input', {
      questions: [{ id: 'colour', header: 'Colour', question: which, options: choices }],
    }),
    field: 'colour',
  },
  model: { value: 'gpt-5.6-sol', asked: /^gpt-5\.6-sol$/ },
  mode: 'workspace-write',
  tokens: apart,
  thoughts: /let me see/,
  cannot: {
    deny: 'the only no that it offers for a command ends the turn',
    steer: 'the protocol has no way to steer',
  },
};
