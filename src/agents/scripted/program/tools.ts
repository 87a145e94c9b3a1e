// Tool calls that really read, write and run.
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
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

/** A whole tool call, from `pending` to `completed` or `failed`. A failed one does not end the turn. */
export async function useTool(tool: Tool, { turn, commands, ask }: ToolRun): Promise<void> {
  const call = describeCall(tool, turn);
  const { toolCallId } = call;
  const change = (fields: Params) =>
    turn.update({ sessionUpdate: 'tool_call_update', toolCallId, ...fields });
  let result: Params = { status: 'failed', content: [asContent('Cancelled')] };
  try {
    await turn.update({ sessionUpdate: 'tool_call', status: 'pending', ...call });
    if (ask && !(await mayRun(call, turn))) {
      result = { status: 'failed', content: [asContent('Rejected')] };
      return;
    }
    await change({ status: 'in_progress' });
    result = await perform(tool, { turn, commands, change });
  } finally {
    await turn.settleCall({ ...call, ...result });
  }
}

async function mayRun(call: Call, turn: Turn): Promise<boolean> {
  const { session } = turn;
  if (session.mode === 'auto') return true;
  const known = session.verdicts.get(call.kind);
  if (known !== undefined) return known === 'allow';
  const answer = await turn.ask('session/request_permission', {
    toolCall: { status: 'pending', ...call },
    options: permissionOptions,
  });
  const optionId = answer.ok ? readOption(answer.result) : undefined;
  if (optionId === 'allow_always') session.verdicts.set(call.kind, 'allow');
  if (optionId === 'reject_always') session.verdicts.set(call.kind, 'reject');
  return optionId === 'allow_once' || optionId === 'allow_always';
}

/** The option that was selected; nothing where the request was cancelled. */
export function readOption(result: Params): string | undefined {
  const outcome = result['outcome'] as Params | undefined;
  return outcome?.['outcome'] === 'selected' ? String(outcome['optionId']) : undefined;
}

function describeCall(tool: Tool, turn: Turn): Call {
  const toolCallId = turn.nextId('call');
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
