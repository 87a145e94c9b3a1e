import type { ToolCall, ToolKind, ToolStatus } from '../../domain/content.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { listAt, memberAt, objectAt, textAt } from '../shape.ts';
import { changeOf, type Change } from './diff.ts';

const idChars = 1024;
const titleChars = 1024;

type Reader = (item: Json, call: string) => ToolCall | undefined;

/** Items of a thread that are calls of tools. */
const readers: { readonly [type: string]: Reader } = {
  collabAgentToolCall: agentCall,
  commandExecution: commandCall,
  dynamicToolCall: dynamicCall,
  fileChange: changeCall,
  imageGeneration: (item, call) => plainCall(item, { call, title: 'Image', kind: 'other' }),
  imageView: imageCall,
  mcpToolCall: mcpCall,
  webSearch: searchCall,
};

export function isCall(type: string): boolean {
  return Object.hasOwn(readers, type);
}

/** The call as an item tells it, whole each time; undefined where the item is not what it says. */
export function toolCallOf(item: Json): ToolCall | undefined {
  const type = textAt(item, 'type') ?? '';
  const call = textAt(item, 'id') ?? '';
  if (call === '' || call.length > idChars || !isCall(type)) return undefined;
  return readers[type]!(item, call);
}

/** Every file that a change is about, where it comes from and where it goes. */
export function pathsOf(item: Json): readonly string[] | null {
  const told = listAt(item, 'changes') ?? [];
  const changes = told.flatMap((change) => changeOf(change) ?? []);
  if (changes.length === 0 || changes.length < told.length) return null;
  const paths = changes.flatMap(({ path, moved }) => (moved === null ? [path] : [path, moved]));
  return [...new Set(paths)];
}

const statuses: { readonly [status: string]: ToolStatus } = {
  completed: 'completed',
  declined: 'failed',
  failed: 'failed',
  inProgress: 'in_progress',
  interrupted: 'failed',
};

function statusOf(item: Json): ToolStatus {
  const status = textAt(item, 'status') ?? '';
  return Object.hasOwn(statuses, status) ? statuses[status]! : 'in_progress';
}

function commandCall(item: Json, call: string): ToolCall | undefined {
  const command = textAt(item, 'command');
  const cwd = textAt(item, 'cwd');
  if (command === undefined) return undefined;
  const printed = textAt(item, 'aggregatedOutput');
  const declined = textAt(item, 'status') === 'declined';
  return {
    call,
    title: scriptOf(command).slice(0, titleChars),
    name: 'exec_command',
    kind: 'execute',
    status: statusOf(item),
    input: { command, ...(cwd === undefined ? {} : { cwd }) },
    ...(printed === undefined ? {} : { output: printed }),
    ...(declined ? { output: 'It was declined.' } : {}),
  };
}

const wrapped = /^\/(?:[\w.-]+\/)*(?:ba|da|z)?sh -l?c ([\s\S]+)$/;

/** What the shell is to run, where the command is a shell with one plain text: for people to read. */
function scriptOf(command: string): string {
  const text = wrapped.exec(command)?.[1] ?? '';
  if (/^[\w./=-]+$/.test(text) || /^'[^']*'$/.test(text)) return text.replaceAll("'", '');
  if (/^"(?:[^"\\]|\\[\s\S])*"$/.test(text)) return text.slice(1, -1).replace(/\\(["\\$`])/g, '$1');
  return command;
}

function changeCall(item: Json, call: string): ToolCall | undefined {
  const told = listAt(item, 'changes');
  const changes = (told ?? []).flatMap((change) => changeOf(change) ?? []);
  if (told === undefined || changes.length < told.length) return undefined;
  const deletes = changes.length > 0 && changes.every(({ type }) => type === 'delete');
  const declined = textAt(item, 'status') === 'declined';
  return {
    call,
    title: titleOfChanges(changes).slice(0, titleChars),
    name: 'apply_patch',
    kind: deletes ? 'delete' : 'edit',
    status: statusOf(item),
    content: changes.flatMap(({ diffs }) => diffs),
    locations: changes.map(({ path, moved }) => ({ path: moved ?? path })),
    ...(declined ? { output: 'It was declined.' } : {}),
  };
}

const verbs = { add: 'Add', delete: 'Delete', update: 'Edit' } as const;

function titleOfChanges(changes: readonly Change[]): string {
  const [first] = changes;
  if (first === undefined) return 'Edit';
  const { type, path, moved } = first;
  if (changes.length > 1) return `Edit ${changes.length} files`;
  return moved === null ? `${verbs[type]} ${path}` : `Move ${path} to ${moved}`;
}

function mcpCall(item: Json, call: string): ToolCall | undefined {
  const server = textAt(item, 'server');
  const tool = textAt(item, 'tool');
  if (server === undefined || tool === undefined) return undefined;
  const failed = textAt(objectAt(item, 'error'), 'message');
  const result = objectAt(item, 'result');
  const output = failed ?? outputOf(listAt(result, 'content'));
  return {
    call,
    title: `${server}: ${tool}`.slice(0, titleChars),
    name: mcpName(server, tool),
    kind: 'other',
    status: statusOf(item),
    input: memberAt(item, 'arguments') ?? null,
    ...(output === undefined ? {} : { output }),
  };
}

/** A tool of a server by one name, as other agents write it. */
export function mcpName(server: string, tool: string): string {
  return `mcp__${server}__${tool}`.slice(0, 256);
}

/** Texts as one; of what has others the result as it is. */
function outputOf(content: readonly Json[] | undefined): Json | undefined {
  if (content === undefined) return undefined;
  const texts = content.map((block) => textAt(block, 'text'));
  return texts.every((text) => text !== undefined) ? texts.join('\n') : content;
}

function searchCall(item: Json, call: string): ToolCall {
  const action = objectAt(item, 'action');
  const told = [textAt(item, 'query'), textAt(action, 'query'), textAt(action, 'url')];
  const what = told.find((text) => text !== undefined && text !== '') ?? '';
  const title = what === '' ? 'Search the web' : what;
  const input = isObject(action) ? action : { query: what };
  return { ...plainCall(item, { call, title, kind: 'fetch' }), name: 'web_search', input };
}

function imageCall(item: Json, call: string): ToolCall | undefined {
  const path = textAt(item, 'path');
  if (path === undefined) return undefined;
  const plain = plainCall(item, { call, title: `View ${path}`, kind: 'read' });
  return { ...plain, name: 'view_image', locations: [{ path }] };
}

function dynamicCall(item: Json, call: string): ToolCall | undefined {
  const tool = textAt(item, 'tool');
  if (tool === undefined) return undefined;
  const input = memberAt(item, 'arguments') ?? null;
  return {
    ...plainCall(item, { call, title: tool, kind: 'other' }),
    name: tool.slice(0, 256),
    input,
  };
}

function agentCall(item: Json, call: string): ToolCall | undefined {
  const tool = textAt(item, 'tool');
  if (tool === undefined) return undefined;
  const prompt = textAt(item, 'prompt');
  const input: JsonObject = prompt === undefined ? {} : { prompt };
  return {
    ...plainCall(item, { call, title: tool, kind: 'think' }),
    name: tool.slice(0, 256),
    input,
  };
}

interface Plain {
  call: string;
  title: string;
  kind: ToolKind;
}

function plainCall(item: Json, { call, title, kind }: Plain): ToolCall {
  return { call, title: title.slice(0, titleChars), kind, status: statusOf(item) };
}

/** The output of a command, for one that is left to itself. */
export function withOutput(toolCall: ToolCall, output: string): ToolCall {
  return { ...toolCall, status: 'completed', ...(output === '' ? {} : { output }) };
}
