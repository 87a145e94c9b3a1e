import { isObject, type JsonObject } from '../../domain/json.ts';
import type { Wanted } from '../../domain/policy.ts';
import { memberAt, textAt } from '../shape.ts';
import { kindOf } from './tools.ts';

/**
 * Tools whose questions a policy may answer. Of one that runs a command or works on a file, `members` are all
 * that its input may have: with another one nobody knows what it would do.
 */
type Judged =
  | { what: 'command'; member: string; members: readonly string[] }
  | { what: 'file'; member: string; members: readonly string[] }
  | { what: 'search'; member: string; members: readonly string[]; glob?: string }
  | { what: 'tool'; members?: readonly string[] };

const search = ['output_mode', 'head_limit', 'offset', 'multiline', 'type', 'glob', 'pattern'];
const flags = ['-A', '-B', '-C', '-i', '-n', '-o', 'context'];
const notebook = ['notebook_path', 'cell_id', 'new_source', 'cell_type', 'edit_mode'];
const watched = ['command', 'description', 'timeout_ms', 'persistent'];

const helper = ['description', 'prompt', 'subagent_type', 'model', 'run_in_background'];

const judged: { readonly [tool: string]: Judged } = {
  // What a sub-agent then does is asked about by itself; a skill may bring allowances of its own.
  Agent: { what: 'tool', members: helper },
  Bash: {
    what: 'command',
    member: 'command',
    members: [
      'command',
      'description',
      'timeout',
      'run_in_background',
      'dangerouslyDisableSandbox',
    ],
  },
  BashOutput: { what: 'tool' },
  Edit: file('file_path', ['old_string', 'new_string', 'replace_all']),
  Glob: { what: 'search', member: 'path', members: ['pattern', 'path'], glob: 'pattern' },
  Grep: { what: 'search', member: 'path', members: ['path', ...search, ...flags] },
  KillShell: { what: 'tool' },
  LS: file('path', ['ignore']),
  Monitor: { what: 'command', member: 'command', members: watched },
  MultiEdit: file('file_path', ['edits']),
  NotebookEdit: file('notebook_path', notebook),
  NotebookRead: file('notebook_path', ['cell_id']),
  Task: { what: 'tool', members: helper },
  TodoWrite: { what: 'tool', members: ['todos'] },
  Read: file('file_path', ['offset', 'limit', 'pages']),
  TaskOutput: { what: 'tool' },
  TaskStop: { what: 'tool' },
  WebFetch: { what: 'tool' },
  WebSearch: { what: 'tool' },
  Write: file('file_path', ['content']),
};

/**
 * Why Claude Code asks, where that is no more than that nothing allows it yet. For other reasons (a mode in
 * which nothing is to be changed, a hook or a rule of the user's own that says so) a person is to be asked.
 */
const plainReasons: ReadonlySet<string> = new Set([
  'other',
  'safetyCheck',
  'subcommandResults',
  'workingDir',
]);

const nameChars = 256;

/**
 * What a permission request is about, for the policy: from the tool and its input alone, which are what runs.
 * Undefined where that is not certain, so that a person is asked.
 */
export function wantedBy(request: JsonObject): Wanted | undefined {
  const tool = textAt(request, 'tool_name') ?? '';
  const input = memberAt(request, 'input');
  if (tool === '' || tool.length > nameChars || !isObject(input)) return undefined;
  if (needsPerson(request)) return undefined;
  const plain = { tool, kind: kindOf(tool), command: null, locations: [], cwd: null };
  if (tool.startsWith('mcp__')) return plain;
  const known = Object.hasOwn(judged, tool) ? judged[tool]! : undefined;
  if (known === undefined) return undefined;
  const { members } = known;
  if (members !== undefined && !Object.keys(input).every((key) => members.includes(key))) {
    return undefined;
  }
  if (known.what === 'tool') return plain;
  const told = textAt(input, known.member);
  if (told === undefined) return undefined;
  // Its shell remembers a directory and does not tell which.
  if (known.what === 'command') {
    return unguarded(input) ? undefined : { ...plain, command: told };
  }
  if (!isPlainPath(told)) return undefined;
  if (known.what === 'search' && wanders(textAt(input, known.glob ?? ''))) return undefined;
  return { ...plain, locations: [told] };
}

function file(member: string, others: readonly string[]): Judged {
  return { what: 'file', member, members: [member, ...others] };
}

function needsPerson(request: JsonObject): boolean {
  if ((memberAt(request, 'requires_user_interaction') ?? false) !== false) return true;
  const reason = memberAt(request, 'decision_reason_type') ?? null;
  return reason !== null && !(typeof reason === 'string' && plainReasons.has(reason));
}

/** Outside of the sandbox that the user has set up. */
function unguarded(input: JsonObject): boolean {
  return (memberAt(input, 'dangerouslyDisableSandbox') ?? false) !== false;
}

/** A path that Claude Code takes as it is: it trims others, and resolves `~` and what is relative. */
function isPlainPath(path: string): boolean {
  return path.startsWith('/') && path === path.trim();
}

/** A pattern that leads out of the directory in which it is looked for. */
function wanders(pattern: string | undefined): boolean {
  return pattern !== undefined && (/^\s|\.\.|~/.test(pattern) || /(^|[{,(|])\//.test(pattern));
}
