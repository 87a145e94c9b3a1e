// How each agent is started and scripted where an editor drives it, and what it cannot do there.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Usage } from '../fixtures/models/anthropic.ts';
import { addFile, run } from './codex-script.ts';
import type { DaemonStart, Where } from './editor-world.ts';
import type { EditorDialect } from './editor-cells.ts';
import { backdated } from './gemini-home.ts';
import { bash, call } from './model-script.ts';
import { type RealAgent, realAgents } from './real-agents.ts';

const daemonProcess = fileURLToPath(new URL('daemon-process.ts', import.meta.url));

/** A daemon with one of the agents that Turnkeep knows. */
const known =
  (agent: RealAgent, more: (where: Where) => Promise<void> = async () => undefined) =>
  async (where: Where): Promise<DaemonStart> => {
    const how = await realAgents[agent](where.home, where.model);
    await more(where);
    return {
      words: [daemonProcess, where.state, agent, JSON.stringify(how)],
      // Nothing of this process's own environment, which may be that of another agent.
      env: { PATH: `${where.bin}:/usr/local/bin:/usr/bin:/bin`, HOME: where.home },
    };
  };

async function changed(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')));
}

/** The model of Codex may ask questions, not only while it plans. */
export function withQuestions(home: string): Promise<void> {
  return changed(path.join(home, '.codex/config.toml'), (text) =>
    text.includes('[features]')
      ? text
      : `${text}[features]\ndefault_mode_request_user_input = true\n`,
  );
}

export const choices = ['Red', 'Blue'].map((label) => ({ label, description: `It is ${label}` }));
export const which = 'Which colour?';

/** Cached tokens are told apart from the others. */
export const apart = (counted: Usage): object => ({
  inputTokens: counted.input_tokens,
  cachedReadTokens: counted.cache_read_input_tokens,
  cachedWriteTokens: counted.cache_creation_input_tokens,
  outputTokens: counted.output_tokens,
});

export const claude: EditorDialect = {
  agent: 'claude',
  prepare: known('claude'),
  write: (file_path, content) => call('Write', { file_path, content }),
  bash,
  question: {
    line: call('AskUserQuestion', {
      questions: [{ question: which, header: 'Colour', multiSelect: false, options: choices }],
    }),
    field: which,
  },
  model: { value: 'haiku', asked: /haiku/ },
  mode: 'acceptEdits',
  tokens: apart,
  thoughts: /let me see/,
  cannot: {},
};

export const codex: EditorDialect = {
  agent: 'codex',
  prepare: known('codex', ({ home }) => withQuestions(home)),
  write: (file, content) => addFile(file, ...content.trimEnd().split('\n')),
  bash: (command) => run(command),
  question: {
    line: call('request_user_input', {
      questions: [{ id: 'colour', header: 'Colour', question: which, options: choices }],
    }),
    field: 'colour',
  },
  model: { value: 'gpt-5.4', asked: /^gpt-5\.4$/ },
  mode: 'auto',
  tokens: (counted) => ({
    inputTokens: counted.input_tokens,
    cachedReadTokens: counted.cache_read_input_tokens,
    // Thoughts are told apart, which the service counts among what comes out.
    totalTokens: counted.input_tokens + counted.cache_read_input_tokens + counted.output_tokens,
  }),
  thoughts: /let me see/,
  cannot: {},
};

export const pi: EditorDialect = {
  agent: 'pi',
  prepare: known('pi', ({ home }) =>
    changed(path.join(home, '.pi/agent/models.json'), (text) => {
      const models = JSON.parse(text) as { providers: { scripted: { models: { id: string }[] } } };
      const [first] = models.providers.scripted.models;
      models.providers.scripted.models.push({ ...first, id: 'other' });
      return JSON.stringify(models);
    }),
  ),
  write: (file, content) => call('write', { path: file, content }),
  bash: (command) => call('bash', { command }),
  model: { value: 'scripted/other', asked: /^other$/ },
  tokens: apart,
  thoughts: /let me see/,
  cannot: {
    question: 'all that it asks are permissions',
    unasked: 'all that it asks are permissions',
    steer: 'the protocol has no way to steer',
    mode: 'it has no modes',
  },
};

export const gemini: EditorDialect = {
  agent: 'gemini',
  prepare: known('gemini'),
  write: (file_path, content) => call('write_file', { file_path, content }),
  bash: (command) => call('run_shell_command', { command, description: 'As scripted' }),
  model: { value: 'gemini-3.5-flash-lite', asked: /^gemini-3\.5-flash-lite$/ },
  mode: 'autoEdit',
  tokens: (counted) => ({
    inputTokens: counted.input_tokens + counted.cache_read_input_tokens,
    outputTokens: counted.output_tokens,
  }),
  thoughts: /let me see/,
  settled: backdated,
  question: {
    line: call('ask_user', {
      questions: [{ question: which, header: 'Colour', type: 'choice', options: choices }],
    }),
    field: which,
  },
  cannot: {
    context: 'it does not tell how full its context is',
    output: 'it does not tell what a command prints',
    question: 'its questions have no way to be asked by this protocol',
    unasked: 'its questions have no way to be asked by this protocol',
    steer: 'the protocol has no way to steer',
    mode: 'it takes no such mode in a directory that is not trusted',
  },
};

export const opencode: EditorDialect = {
  agent: 'opencode',
  prepare: known('opencode', ({ home }) =>
    changed(path.join(home, '.config/opencode/opencode.json'), (text) => {
      const config = JSON.parse(text) as { provider: { scripted: { models: object } } };
      const { scripted } = config.provider;
      const [first] = Object.values(scripted.models) as object[];
      scripted.models = { ...scripted.models, other: { ...first, name: 'Other' } };
      return JSON.stringify(config);
    }),
  ),
  write: (filePath, content) => call('write', { filePath, content }),
  bash: (command) => call('bash', { command, description: 'As scripted' }),
  model: { value: 'scripted/other', asked: /^other$/ },
  question: {
    line: call('question', {
      questions: [{ question: which, header: 'Colour', options: choices }],
    }),
    field: which,
  },
  mode: 'build',
  tokens: apart,
  thoughts: /let me see/,
  cannot: {
    question: 'its questions have no way to be asked by this protocol',
    unasked: 'its questions have no way to be asked by this protocol',
    steer: 'the protocol has no way to steer',
    refused: 'it tells the words of the service without its status',
    wrong: 'it tells the words of the service without its status',
    mode: 'it asks in each of its modes',
  },
};
