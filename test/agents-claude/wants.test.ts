import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Wanted } from '../../src/domain/policy.ts';
import { opened } from './conversation.ts';

/** What the approval of a permission request says for the policy. */
function wantsOf(tool: string, input: unknown, more: object = {}): Wanted | undefined {
  const request = { subtype: 'can_use_tool', tool_name: tool, input, tool_use_id: 'call', ...more };
  const { events } = opened().say({ type: 'control_request', request_id: 'q', request });
  const [event] = events;
  if (event?.type !== 'approval') throw new Error(`${event?.type} is no approval`);
  return event.wants;
}

describe('what a policy is asked about', () => {
  const plain = { command: null, locations: [], cwd: null };

  test('is the command that runs, from a directory that nobody knows', () => {
    const input = { command: 'git status', description: 'd', timeout: 5, run_in_background: true };
    const wanted = { ...plain, tool: 'Bash', kind: 'execute', command: 'git status' };
    expect(wantsOf('Bash', input)).toEqual(wanted);
    expect(wantsOf('Bash', { ...input, dangerouslyDisableSandbox: false })).toEqual(wanted);
    const watch = { command: 'tail -f log', description: 'd', timeout_ms: 5 };
    expect(wantsOf('Monitor', watch)).toMatchObject({ kind: 'execute', command: 'tail -f log' });
  });

  test.each([
    ['Read', { file_path: '/a/b', offset: 1, limit: 2 }, 'read', ['/a/b']],
    ['Write', { file_path: '/a/b', content: 'x' }, 'edit', ['/a/b']],
    ['Edit', { file_path: '/a/b', old_string: 'x', new_string: 'y' }, 'edit', ['/a/b']],
    ['MultiEdit', { file_path: '/a/b', edits: [] }, 'edit', ['/a/b']],
    ['NotebookEdit', { notebook_path: '/a/b.ipynb', new_source: 'x' }, 'edit', ['/a/b.ipynb']],
    ['Glob', { pattern: '**/*.ts', path: '/a' }, 'search', ['/a']],
    ['Grep', { pattern: '^/x|../y', path: '/a', '-n': true, glob: '*.ts' }, 'search', ['/a']],
    ['WebFetch', { url: 'https://example.org/', prompt: 'x' }, 'fetch', []],
    ['WebSearch', { query: 'x' }, 'fetch', []],
    ['Agent', { description: 'x', prompt: 'y', subagent_type: 'z' }, 'think', []],
    ['TodoWrite', { todos: [] }, 'other', []],
    ['mcp__server__tool', { command: 'x', file_path: '/etc/passwd' }, 'other', []],
  ] as const)('is of %s the tool, its kind and its files', (tool, input, kind, locations) => {
    expect(wantsOf(tool, input)).toEqual({ ...plain, tool, kind, locations });
  });

  test('is nothing, so that a person is asked, where it is not certain what happens', () => {
    const uncertain: readonly [tool: string, input: unknown][] = [
      // Another member than those that are known, or none, or of another type.
      ['Bash', { command: 'ls', env: { PATH: '/tmp' } }],
      ['Bash', { command: ['ls'] }],
      ['Bash', {}],
      ['Bash', 'ls'],
      ['Bash', { command: 'ls', dangerouslyDisableSandbox: true }],
      ['Monitor', { ws: { url: 'ws://example.org' }, description: 'd', timeout_ms: 5 }],
      ['Monitor', { command: 'ls', ws: { url: 'ws://example.org' } }],
      ['PowerShell', { command: 'ls' }],
      ['Agent', { prompt: 'y', allowed_tools: ['Bash'] }],
      ['Write', { file_path: '/a', content: 'x', also: '/b' }],
      // Paths that it would make others of.
      ['Write', { file_path: 'a', content: 'x' }],
      ['Write', { file_path: '~/a', content: 'x' }],
      ['Write', { file_path: ' /a', content: 'x' }],
      ['Read', { file_path: '/a\n' }],
      ['Read', {}],
      // Patterns that lead elsewhere, and directories that it knows alone.
      ['Glob', { pattern: '*' }],
      ['Glob', { pattern: '/etc/*', path: '/a' }],
      ['Glob', { pattern: '{/etc,b}/*', path: '/a' }],
      ['Glob', { pattern: '../*', path: '/a' }],
      ['Glob', { pattern: '~/*', path: '/a' }],
      ['Grep', { pattern: 'x' }],
      // Who may do what within them is not in the question.
      ['Agent', { description: 'x', prompt: 'y', mode: 'bypassPermissions' }],
      ['Skill', { skill: 'x' }],
      ['Workflow', { script: 'x' }],
      ['toString', {}],
      ['Tomorrow', { command: 'ls' }],
      ['', { command: 'ls' }],
      ['ExitPlanMode', { plan: 'x' }],
    ];
    for (const [tool, input] of uncertain) {
      expect([tool, input, wantsOf(tool, input)]).toEqual([tool, input, undefined]);
    }
  });

  test('is nothing where Claude Code asks for another reason than that nothing allows it', () => {
    const reason = (type: unknown) =>
      wantsOf('Bash', { command: 'ls' }, { decision_reason_type: type });
    for (const type of ['workingDir', 'safetyCheck', 'subcommandResults', 'other', null]) {
      expect(reason(type)).toMatchObject({ command: 'ls' });
    }
    for (const type of ['mode', 'hook', 'rule', 'sandboxOverride', 'tomorrow', 5, {}]) {
      expect([type, reason(type)]).toEqual([type, undefined]);
    }
    expect(wantsOf('Bash', { command: 'ls' }, { requires_user_interaction: true })).toBeUndefined();
  });
});

describe('no word of the model makes it less', () => {
  const words = fc.oneof(fc.jsonValue(), fc.constantFrom('ls', '/a', 'Read', 'Bash', true, []));
  const noise = fc.dictionary(
    fc.constantFrom(
      'title',
      'display_name',
      'description',
      'locations',
      'permission_suggestions',
      'blocked_path',
      'decision_reason',
      'mcp_server',
      'agent_id',
      'wants',
      'toolCall',
      '__proto__',
    ),
    words,
  );
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('git status', 'rm -rf /', '/etc/passwd', '~/x', '../x', '/a/../b', 'a', '/b'),
  );
  const known: { readonly [tool: string]: readonly string[] } = {
    Bash: ['command', 'description', 'timeout'],
    Monitor: ['command', 'description'],
    Read: ['file_path', 'limit'],
    Write: ['file_path', 'content'],
    Edit: ['file_path', 'old_string', 'new_string'],
    Glob: ['path', 'pattern'],
    Grep: ['path', 'pattern', 'glob'],
    NotebookEdit: ['notebook_path', 'new_source'],
    WebFetch: ['url', 'prompt'],
    mcp__a__b: ['command', 'path'],
    Agent: ['description', 'prompt'],
    Other: ['command'],
  };
  const others = ['cwd', 'env', 'locations', 'command', 'file_path', 'path', 'description'];
  /** A tool with an input of its own members, sometimes of the wrong type or with one more. */
  const call = fc.constantFrom(...Object.keys(known)).chain((tool) => {
    const own = Object.fromEntries(known[tool]!.map((key) => [key, text]));
    const input = fc.oneof(
      { weight: 4, arbitrary: fc.record<{ [key: string]: unknown }>(own) },
      { weight: 1, arbitrary: fc.record<{ [key: string]: unknown }>(own, { requiredKeys: [] }) },
      fc.dictionary(fc.constantFrom(...known[tool]!, ...others), fc.oneof(text, fc.jsonValue())),
    );
    return fc.tuple(fc.constant(tool), input);
  });

  test('what stands beside tool and input changes nothing of it, but that a person is asked', () => {
    fc.assert(
      fc.property(call, noise, ([name, given], more) => {
        const wants = wantsOf(name, given, { ...more, tool_name: name, input: given });
        if (wants !== undefined) expect(wants).toEqual(wantsOf(name, given));
      }),
    );
  });

  test('the whole command and every file of the input is in it, or it is not there', () => {
    fc.assert(
      fc.property(call, ([name, given]) => {
        const wants = wantsOf(name, given);
        if (wants === undefined) return;
        expect(wants.tool).toBe(name);
        if (name === 'Bash' || name === 'Monitor') {
          expect(wants.command).toBe(given['command']);
          return;
        }
        expect(wants.command).toBeNull();
        if (name === 'WebFetch' || name.startsWith('mcp__')) return;
        const paths = ['file_path', 'path', 'notebook_path'].flatMap((key) => given[key] ?? []);
        expect(wants.locations).toEqual(paths);
        expect(paths.every((path) => typeof path === 'string' && path.startsWith('/'))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
