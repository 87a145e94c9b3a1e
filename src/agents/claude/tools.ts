import type { PlanItem, ToolCall, ToolContent, ToolKind } from '../../domain/content.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { listAt, textAt } from '../shape.ts';

/** What is known of a tool by its name: its kind, and which members of its input say what it does. */
interface Tool {
  kind: ToolKind;
  /** Members of the input that make the title, the first that is there. */
  title?: readonly string[];
  /** The member that names a file. */
  path?: string;
}

const tools: { readonly [name: string]: Tool } = {
  Agent: { kind: 'think', title: ['description'] },
  AskUserQuestion: { kind: 'other' },
  Bash: { kind: 'execute', title: ['command'] },
  BashOutput: { kind: 'read' },
  Edit: { kind: 'edit', path: 'file_path' },
  EnterPlanMode: { kind: 'switch_mode' },
  ExitPlanMode: { kind: 'switch_mode' },
  Glob: { kind: 'search', title: ['pattern'] },
  Grep: { kind: 'search', title: ['pattern'] },
  KillShell: { kind: 'execute' },
  LS: { kind: 'read', path: 'path' },
  Monitor: { kind: 'execute', title: ['command', 'description'] },
  MultiEdit: { kind: 'edit', path: 'file_path' },
  NotebookEdit: { kind: 'edit', path: 'notebook_path' },
  NotebookRead: { kind: 'read', path: 'notebook_path' },
  PowerShell: { kind: 'execute', title: ['command'] },
  Read: { kind: 'read', path: 'file_path' },
  Skill: { kind: 'other', title: ['skill', 'command'] },
  Task: { kind: 'think', title: ['description'] },
  TaskOutput: { kind: 'read' },
  TaskStop: { kind: 'execute' },
  ToolSearch: { kind: 'search', title: ['query'] },
  WebFetch: { kind: 'fetch', title: ['url'] },
  WebSearch: { kind: 'fetch', title: ['query'] },
  Write: { kind: 'edit', path: 'file_path' },
};

/** Tools whose input is the agent's plan: told as a plan and not as a call. */
const planTools: ReadonlySet<string> = new Set(['TodoWrite']);

/** The tool that asks whether the plan is good. */
const planEnd = 'ExitPlanMode';

const titleChars = 1024;

export function toolCallOf(call: string, name: string, input: JsonObject): ToolCall {
  const tool = toolOf(name);
  const path = tool.path === undefined ? undefined : textAt(input, tool.path);
  const content = [...diffsOf(name, input), ...shownPlan(name, input)];
  return {
    call,
    title: titleOf(name, tool, input),
    name: name.slice(0, 256),
    kind: tool.kind,
    status: 'in_progress',
    input,
    ...(content.length === 0 ? {} : { content }),
    ...(path === undefined ? {} : { locations: [{ path }] }),
  };
}

/** What kind of tool a name stands for. */
export function kindOf(name: string): ToolKind {
  return toolOf(name).kind;
}

function toolOf(name: string): Tool {
  return Object.hasOwn(tools, name) ? tools[name]! : { kind: 'other' };
}

function titleOf(name: string, tool: Tool, input: JsonObject): string {
  const told = [...(tool.title ?? []), ...(tool.path === undefined ? [] : [tool.path])]
    .map((key) => textAt(input, key))
    .find((text) => text !== undefined && text !== '');
  const plan = shownPlan(name, input)[0];
  if (plan !== undefined) return planTitle(plan.content.text);
  if (told === undefined) return name.slice(0, titleChars);
  const title = tool.kind === 'execute' ? told : `${name} ${told}`;
  return title.slice(0, titleChars);
}

/** What an edit would change, from its input. What a `Write` replaces is known only from its result. */
function diffsOf(name: string, input: JsonObject): readonly ToolContent[] {
  const path = textAt(input, 'file_path');
  if (path === undefined) return [];
  if (name === 'Write') return diff(path, null, textAt(input, 'content'));
  if (name === 'Edit') {
    return diff(path, textAt(input, 'old_string') ?? '', textAt(input, 'new_string'));
  }
  if (name !== 'MultiEdit') return [];
  return (listAt(input, 'edits') ?? []).flatMap((edit) =>
    diff(path, textAt(edit, 'old_string') ?? '', textAt(edit, 'new_string')),
  );
}

interface PlanContent {
  type: 'content';
  content: { type: 'text'; text: string };
}

/** The plan with which an agent in plan mode wants to begin. Only its request has the one that counts. */
function shownPlan(name: string, input: JsonObject): PlanContent[] {
  const text = name === planEnd ? textAt(input, 'plan') : undefined;
  return text === undefined ? [] : [{ type: 'content', content: { type: 'text', text } }];
}

function planTitle(plan: string): string {
  const first = plan.split('\n').find((line) => line.trim() !== '') ?? '';
  return `Plan: ${first.replace(/^[#\s]+/, '')}`.slice(0, titleChars);
}

function diff(path: string, oldText: string | null, newText: string | undefined): ToolContent[] {
  return newText === undefined ? [] : [{ type: 'diff', path, oldText, newText }];
}

const planStatuses: { readonly [Status in PlanItem['status']]: true } = {
  pending: true,
  in_progress: true,
  completed: true,
};

/** The plan in the input of a tool that keeps one; undefined for any other tool. */
export function planOf(name: string, input: Json): readonly PlanItem[] | undefined {
  if (!planTools.has(name)) return undefined;
  return listAt(input, 'todos')?.flatMap((item) => {
    const content = textAt(item, 'content');
    const status = textAt(item, 'status') ?? '';
    if (content === undefined || !Object.hasOwn(planStatuses, status)) return [];
    return [{ content, priority: 'medium', status: status as PlanItem['status'] }];
  });
}
