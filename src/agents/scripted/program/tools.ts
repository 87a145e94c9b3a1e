// Tool calls that really read, write and run.
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { asObject, asText } from './connection.ts';
import type { Params } from './connection.ts';
import { runCommand } from './command.ts';
import type { RunningCommands } from './command.ts';
import type { Tool } from './script.ts';
import type { Turn } from './turn.ts';

/** What a tool call looks like before it has run. */
interface Call {
  readonly toolCallId: string;
  readonly title: string;
  readonly kind: 'edit' | 'read' | 'execute';
  readonly rawInput: Params;
  readonly locations?: readonly { readonly path: string }[];
  readonly content?: readonly Params[];
}

export interface ToolRun {
  readonly turn: Turn;
  readonly commands: RunningCommands;
  /** Whether the client is asked first. */
  readonly ask: boolean;
}

const permissionOptions = [
  { optionId: 'allow_once', name: 'Allow once', kind: 'allow_once' },
  { optionId: 'allow_always', name: 'Always allow', kind: 'allow_always' },
  { optionId: 'reject_once', name: 'Reject once', kind: 'reject_once' },
  { optionId: 'reject_always', name: 'Always reject', kind: 'reject_always' },
];

/**
 * A whole tool call, from `pending` to `completed` or `failed`. A failed one does not end the turn. Gives the
 * message with which it was denied, if there was one.
 */
export async function useTool(
  tool: Tool,
  { turn, commands, ask }: ToolRun,
): Promise<string | undefined> {
  const toolCallId = turn.nextId('call');
  let call = describeCall(tool, turn, toolCallId);
  const change = (fields: Params) =>
    turn.update({ sessionUpdate: 'tool_call_update', toolCallId, ...fields });
  let result: Params = { status: 'failed', content: [asContent('Cancelled')] };
  try {
    await turn.update({ sessionUpdate: 'tool_call', status: 'pending', ...call });
    const verdict = ask ? await askFor(call, turn) : { allowed: true };
    if (!verdict.allowed) {
      result = { status: 'failed', content: [asContent(rejected(verdict))] };
      return verdict.message;
    }
    const meant = verdict.input === undefined ? tool : edited(tool, verdict.input);
    if (meant === undefined) {
      result = { status: 'failed', content: [asContent('The edited input is not for this tool')] };
      return undefined;
    }
    if (meant !== tool) call = describeCall(meant, turn, toolCallId);
    await change({ ...(meant === tool ? {} : call), status: 'in_progress' });
    result = await perform(meant, { turn, commands, change });
    return undefined;
  } finally {
    await turn.settleCall({ ...call, ...result });
  }
}

/** How the client decided. Beside the protocol it may say why not, or with what else. */
interface Decision {
  readonly allowed: boolean;
  readonly message?: string;
  readonly input?: unknown;
}

function rejected({ message }: Decision): string {
  return message === undefined ? 'Rejected' : `Rejected: ${message}`;
}

async function askFor(call: Call, turn: Turn): Promise<Decision> {
  const { session } = turn;
  if (session.mode === 'auto') return { allowed: true };
  const known = session.verdicts.get(call.kind);
  if (known !== undefined) return { allowed: known === 'allow' };
  const answer = await turn.ask('session/request_permission', {
    toolCall: { status: 'pending', ...call },
    options: permissionOptions,
  });
  if (!answer.ok) return { allowed: false };
  const optionId = readOption(answer.result);
  if (optionId === 'allow_always') session.verdicts.set(call.kind, 'allow');
  if (optionId === 'reject_always') session.verdicts.set(call.kind, 'reject');
  const said = asObject(asObject(answer.result['_meta'])['turnkeep']);
  const message = asText(said['message']);
  return {
    allowed: optionId === 'allow_once' || optionId === 'allow_always',
    ...(message === undefined ? {} : { message }),
    ...('input' in said ? { input: said['input'] } : {}),
  };
}

/** The tool with another input, in the form of `rawInput`; nothing where it is not for this tool. */
function edited(tool: Tool, input: unknown): Tool | undefined {
  const given = asObject(input);
  const [path, command] = [asText(given['path']), asText(given['command'])];
  if (tool.do === 'run') return command === undefined ? undefined : { ...tool, command };
  if (path === undefined || path === '') return undefined;
  switch (tool.do) {
    case 'read':
      return { ...tool, path };
    case 'write': {
      const content = asText(given['content']);
      return content === undefined ? undefined : { ...tool, path, content };
    }
    case 'edit': {
      const [old, changed] = [asText(given['oldText']), asText(given['newText'])];
      if (old === undefined || old === '' || changed === undefined) return undefined;
      return { ...tool, path, old, new: changed };
    }
  }
}

/** The option that was selected; nothing where the request was cancelled. */
export function readOption(result: Params): string | undefined {
  const outcome = result['outcome'] as Params | undefined;
  return outcome?.['outcome'] === 'selected' ? String(outcome['optionId']) : undefined;
}

function describeCall(tool: Tool, turn: Turn, toolCallId: string): Call {
  if (tool.do === 'run') {
    const rawInput = { command: tool.command };
    return { toolCallId, title: tool.command, kind: 'execute', rawInput };
  }
  const file = path.resolve(turn.session.cwd, tool.path);
  const locations = [{ path: file }];
  switch (tool.do) {
    case 'read':
      return {
        toolCallId,
        title: `Read ${tool.path}`,
        kind: 'read',
        rawInput: { path: file },
        locations,
      };
    case 'write': {
      const diff = asDiff(file, readIfThere(file), tool.content);
      const rawInput = { path: file, content: tool.content };
      const title = `Write ${tool.path}`;
      return { toolCallId, title, kind: 'edit', rawInput, locations, content: [diff] };
    }
    case 'edit': {
      const rawInput = { path: file, oldText: tool.old, newText: tool.new };
      const diff = asDiff(file, tool.old, tool.new);
      const title = `Edit ${tool.path}`;
      return { toolCallId, title, kind: 'edit', rawInput, locations, content: [diff] };
    }
  }
}

interface Performance {
  readonly turn: Turn;
  readonly commands: RunningCommands;
  readonly change: (fields: Params) => Promise<void>;
}

async function perform(tool: Tool, { turn, commands, change }: Performance): Promise<Params> {
  if (tool.do === 'run') {
    const { cwd } = turn.session;
    const { signal } = turn;
    const show = (output: string) => change({ content: [asContent(output)] });
    const { output, ...ending } = await runCommand(tool.command, { cwd, signal, commands, show });
    const status = ending.exitCode === 0 ? 'completed' : 'failed';
    return { status, content: [asContent(output)], rawOutput: ending };
  }
  const file = path.resolve(turn.session.cwd, tool.path);
  try {
    switch (tool.do) {
      case 'read':
        return { status: 'completed', content: [asContent(readFileSync(file, 'utf8'))] };
      case 'write': {
        const before = readIfThere(file);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, tool.content);
        return { status: 'completed', content: [asDiff(file, before, tool.content)] };
      }
      case 'edit': {
        const before = readFileSync(file, 'utf8');
        if (!before.includes(tool.old)) throw new Error(`${tool.path} does not hold the old text`);
        const after = before.replace(tool.old, () => tool.new);
        writeFileSync(file, after);
        return { status: 'completed', content: [asDiff(file, before, after)] };
      }
    }
  } catch (error) {
    return { status: 'failed', content: [asContent((error as Error).message)] };
  }
}

function asContent(text: string): Params {
  return { type: 'content', content: { type: 'text', text } };
}

function asDiff(file: string, oldText: string | null, newText: string): Params {
  return { type: 'diff', path: file, oldText, newText };
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // A file that is not there, or cannot be read, has no text before ours.
    return null;
  }
}
