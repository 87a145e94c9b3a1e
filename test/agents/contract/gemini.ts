import { backdated } from '../gemini-home.ts';
import { call } from '../model-script.ts';
import type { Dialect } from './dialect.ts';
import { skill } from './repository.ts';

const triesAgain = {
  because: 'it tries again for minutes and says nothing of it',
  shows: /not in \d+ ms: end of run 1/,
  endless: true,
} as const;

export const gemini: Dialect = {
  agent: 'gemini',
  write: (file_path, content) => call('write_file', { file_path, content }),
  bash: (command) => call('run_shell_command', { command, description: 'As scripted' }),
  useServer: (server, tool) => call(`mcp_${server}_${tool}`, {}),
  ask: (question, choices) => {
    const options = choices.map((label) => ({ label, description: `It is ${label}` }));
    return call('ask_user', { questions: [{ question, header: 'Which', options }] });
  },
  // Those from the cache are among the input.
  tokens: ({ input, output, cacheRead }) => ({ input: input + cacheRead, output }),
  model: /^gemini-/,
  steady: true,
  cannot: {
    question: {
      because: 'it offers its tool for that to its own interface only',
      shows: /there was no question 1/,
    },
    server: {
      because: 'it starts servers in trusted directories only',
      shows: /there was no approval 1/,
    },
    steer: { because: 'a second prompt cancels the turn', shows: /takes no prompt while/ },
    context: { because: 'it does not tell', shows: /expected 0 to be greater than 0/ },
    tooLong: {
      because: 'it does not tell that an answer was cut off',
      shows: /\[ 'completed', undefined \]/,
    },
    retried: {
      because: 'it does not try again where a stream broke off',
      shows: /expected 'failed' to be 'completed'/,
    },
    cost: { because: 'it tells no costs', shows: /expected 0 to be greater than 0/ },
    output: { because: 'it does not tell what a command prints', shows: /to contain 'the output'/ },
    limited: triesAgain,
    broken: triesAgain,
    overloaded: triesAgain,
  },
  settled: backdated,
  brings: {
    files: ({ mark }) => ({
      '.gemini/settings.json': JSON.stringify({
        mcpServers: { near: { command: 'sh', args: ['-c', `${mark('server')}; exec cat`] } },
        tools: { core: ['run_shell_command'], allowed: ['run_shell_command'] },
        hooks: {
          SessionStart: [{ hooks: [{ type: 'command', command: mark('start') }] }],
          BeforeAgent: [{ hooks: [{ type: 'command', command: mark('before') }] }],
        },
      }),
      '.gemini/commands/helpful.toml': 'prompt = "Of the repository: a command."\n',
      '.gemini/skills/helpful/SKILL.md': skill('a skill.'),
      '.env': 'GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9\n',
      'GEMINI.md': 'Of the repository: instructions.\n',
    }),
    invoke: '/helpful\n!say done',
    used: { marks: ['server'], requests: [], heard: true },
  },
};
