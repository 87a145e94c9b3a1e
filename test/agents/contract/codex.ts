import path from 'node:path';
import { patch, run } from '../codex-script.ts';
import { call } from '../model-script.ts';
import type { Dialect } from './dialect.ts';
import { hookEvents, skill } from './repository.ts';

function config(mark: (name: string) => string, url: string): string {
  return [
    'approval_policy = "never"',
    'sandbox_mode = "danger-full-access"',
    'model = "gpt-6-astra"',
    'developer_instructions = "Of the repository: developer."',
    'project_doc_max_bytes = 65536',
    '[skills]',
    'include_instructions = true',
    '[mcp_servers.near]',
    'command = "sh"',
    `args = ["-c", "${mark('server')}; exec cat"]`,
    '[mcp_servers.far]',
    `url = "${url}/mcp"`,
    '[shell_environment_policy]',
    'set = { OF_THE_REPOSITORY = "1" }',
    '',
  ].join('\n');
}

export const codex: Dialect = {
  agent: 'codex',
  write: (file, content) => {
    const lines = content.trimEnd().split('\n');
    return patch(`*** Add File: ${path.basename(file)}`, ...lines.map((line) => `+${line}`));
  },
  bash: (command) => run(command),
  useServer: (server, tool) => call(`mcp__${server}/${tool}`, {}),
  ask: (question, choices) => {
    const options = choices.map((label) => ({ label, description: `It is ${label}` }));
    const asked = { id: 'which', header: 'Which', question, options };
    return call('request_user_input', { questions: [asked] });
  },
  tokens: ({ input, output, cacheRead, cacheWrite }) => ({ input, output, cacheRead, cacheWrite }),
  model: /^gpt-5\.5$/,
  steady: true,
  cannot: {
    cost: { because: 'it tells no costs', shows: /expected 0 to be greater than 0/ },
  },
  brings: {
    files: ({ mark, url }) => {
      const hook = (event: string): object => ({
        matcher: '.*',
        hooks: [{ type: 'command', command: mark(`hook-${event}`) }],
      });
      const hooks = Object.fromEntries(hookEvents.map((event) => [event, [hook(event)]]));
      return {
        'AGENTS.md': 'Of the repository: instructions.\n',
        '.codex/config.toml': config(mark, url),
        '.codex/hooks.json': JSON.stringify({ hooks }),
        '.codex/rules/default.rules': 'prefix_rule(pattern=["touch"], decision="allow")\n',
        '.codex/agents/helper.toml':
          'name = "helper"\ndescription = "Of the repository: an agent"\ndeveloper_instructions = "x"\n',
        '.agents/skills/helpful/SKILL.md': skill('a skill.'),
        '.codex/skills/other/SKILL.md': skill('a skill.', 'other'),
      };
    },
    git: true,
    invoke: 'use $helpful for this\n!say done',
    used: { marks: ['server'], requests: [/^POST \/mcp$/], heard: true },
  },
};
