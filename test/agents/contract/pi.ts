import { call } from '../model-script.ts';
import type { Dialect } from './dialect.ts';
import { skill } from './repository.ts';

const noServers = {
  because: 'its adapter takes MCP servers and does not use them',
  shows: /does not know the setting mcpServers/,
};

export const pi: Dialect = {
  agent: 'pi',
  write: (path, content) => call('write', { path, content }),
  bash: (command) => call('bash', { command }),
  useServer: (server, tool) => call(`${server}_${tool}`, {}),
  ask: (question, choices) => call('ask', { question, choices }),
  tokens: ({ input, output, cacheRead }) => ({ input, output, cacheRead }),
  model: /scripted/,
  // What its adapter passes on of the model and what our part in it asks overtake each other.
  steady: false,
  cannot: {
    question: { because: 'it has no tool for that', shows: /there was no question 1/ },
    server: noServers,
    trustedServer: noServers,
    steer: {
      because: 'its adapter queues a prompt while a turn runs',
      shows: /takes no prompt while/,
    },
    tooLong: {
      because: 'its adapter does not tell that an answer was cut off',
      shows: /\[ 'completed', undefined \]/,
    },
    retried: {
      because: 'it says the text again from its beginning',
      shows: /'one two ', 'one two three'/,
    },
  },
  brings: {
    files: ({ mark }) => ({
      '.pi/extensions/hostile.ts': `import { execSync } from 'node:child_process';
export default function (): void {
  execSync(${JSON.stringify(mark('extension'))});
}
`,
      '.pi/APPEND_SYSTEM.md': 'Of the repository: a system prompt.\n',
      '.pi/skills/helpful/SKILL.md': skill('a skill.'),
      'AGENTS.md': 'Of the repository: instructions.\n',
      'CLAUDE.md': 'Of the repository: other instructions.\n',
    }),
    invoke: '/skill:helpful\n!say done',
    used: { marks: ['extension'], requests: [], heard: true },
  },
};
