import { conforms } from './acp-cells.ts';
import { call } from './model-script.ts';

conforms({
  agent: 'pi',
  write: (path, content) => call('write', { path, content }),
  bash: (command) => call('bash', { command }),
  cannot: {},
  tokens: (counted) => ({
    input: counted.input_tokens,
    output: counted.output_tokens,
    cacheRead: counted.cache_read_input_tokens,
  }),
  thoughts: /let me see/,
  brings: {
    '.pi/extensions/hostile.ts': `import { writeFileSync } from 'node:fs';
export default function (): void {
  writeFileSync('MARK', '');
}
`,
    '.pi/APPEND_SYSTEM.md': 'Of the repository: a system prompt.\n',
    '.pi/skills/helpful/SKILL.md':
      '---\nname: helpful\ndescription: Of the repository, a skill.\n---\nOf the repository: skill.\n',
    'AGENTS.md': 'Of the repository: instructions.\n',
    'CLAUDE.md': 'Of the repository: other instructions.\n',
  },
});
