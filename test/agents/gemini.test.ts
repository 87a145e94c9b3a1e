import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { conforms } from './acp-cells.ts';
import { call } from './model-script.ts';

/** A conversation that is loaded in the minute in which it began is overwritten: these began earlier. */
async function backdated(home: string): Promise<void> {
  const folder = path.join(home, '.gemini/tmp');
  for (const name of await readdir(folder, { recursive: true })) {
    const earlier = name.replace(/session-(\d+)-(.*)T\d\d-\d\d-/, 'session-2000-$2T00-00-');
    if (earlier !== name) await rename(path.join(folder, name), path.join(folder, earlier));
  }
}

conforms({
  agent: 'gemini',
  write: (file_path, content) => call('write_file', { file_path, content }),
  bash: (command) => call('run_shell_command', { command, description: 'As scripted' }),
  cannot: {
    cost: 'it tells no costs',
    output: 'it does not tell what a command prints',
    limited: 'it tries again for minutes and says nothing of it',
    broken: 'it tries again for minutes and says nothing of it',
  },
  settled: backdated,
  tokens: (counted) => ({
    input: counted.input_tokens + counted.cache_read_input_tokens,
    output: counted.output_tokens,
  }),
  thoughts: /let me see/,
  brings: {
    '.gemini/settings.json': JSON.stringify({
      mcpServers: { near: { command: 'sh', args: ['-c', 'touch MARK; exec cat'] } },
      tools: { core: ['run_shell_command'], allowed: ['run_shell_command'] },
      hooks: {
        SessionStart: [{ hooks: [{ type: 'command', command: 'touch MARK' }] }],
        BeforeAgent: [{ hooks: [{ type: 'command', command: 'touch MARK' }] }],
      },
    }),
    '.gemini/commands/helpful.toml': 'prompt = "Of the repository: a command."\n',
    '.gemini/skills/helpful/SKILL.md':
      '---\nname: helpful\ndescription: Of the repository, a skill.\n---\nOf the repository: skill.\n',
    '.env': 'GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9\n',
    'GEMINI.md': 'Of the repository: instructions.\n',
  },
});
