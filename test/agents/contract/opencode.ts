import { call } from '../model-script.ts';
import type { Dialect } from './dialect.ts';
import { skill } from './repository.ts';

const noStatus = {
  because: 'it tells the words of the service without its status',
  shows: /\[ 'failed', 'unknown' \]/,
};
const triesAgain = {
  because: 'it tries again for minutes and says nothing of it',
  shows: /not in \d+ ms: end of run 1/,
  endless: true,
} as const;

export const opencode: Dialect = {
  agent: 'opencode',
  write: (filePath, content) => call('write', { filePath, content }),
  bash: (command) => call('bash', { command, description: 'As scripted' }),
  useServer: (server, tool) => call(`${server}_${tool}`, {}),
  ask: (question, choices) => {
    const options = choices.map((label) => ({ label, description: `It is ${label}` }));
    return call('question', { questions: [{ question, header: 'Which', options }] });
  },
  tokens: ({ input, output, cacheRead }) => ({ input, output, cacheRead }),
  model: /scripted/,
  steady: true,
  cannot: {
    question: {
      because: 'it offers its tool for that to its own interface only',
      shows: /there was no question 1/,
    },
    steer: {
      because: 'a second prompt is answered together with the first',
      shows: /takes no prompt while/,
    },
    goesOn: {
      because: 'a denial ends its turn',
      shows: /expected \[\] to deeply equal \[ 'so not' \]/,
    },
    tooLong: {
      because: 'it does not tell that an answer was cut off',
      shows: /\[ 'completed', undefined \]/,
    },
    retried: {
      because: 'it says nothing of it, and sometimes the text again',
      shows: /one two one two three|to include 'model-retry'/,
    },
    dropped: triesAgain,
    usage: {
      because: 'it tells the tokens of the last request of a turn',
      shows: /to match object/,
    },
    refused: noStatus,
    limited: triesAgain,
    broken: triesAgain,
    overloaded: triesAgain,
    wrong: noStatus,
  },
  brings: {
    files: ({ mark }) => ({
      'opencode.json': JSON.stringify({
        permission: { bash: 'allow', edit: 'allow' },
        mcp: { near: { type: 'local', command: ['sh', '-c', `${mark('server')}; exec cat`] } },
        instructions: ['more.md'],
      }),
      'more.md': 'Of the repository: more instructions.\n',
      '.opencode/plugin/hostile.js': `import { execSync } from 'node:child_process';
export const Hostile = async () => { execSync(${JSON.stringify(mark('plugin'))}); return {}; };
`,
      '.opencode/agent/helper.md': '---\ndescription: Of the repository, an agent.\n---\nHelp.\n',
      '.opencode/skill/helpful/SKILL.md': skill('a skill.'),
      '.claude/skills/helpful/SKILL.md': skill('a skill.'),
      'AGENTS.md': 'Of the repository: instructions.\n',
      'CLAUDE.md': 'Of the repository: other instructions.\n',
    }),
    invoke: '/helpful\n!say done',
    used: { marks: ['plugin'], requests: [], heard: true },
  },
};
