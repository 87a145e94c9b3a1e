import type { ToolCall, ToolContent, ToolStatus } from '../../domain/content.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { oneLine } from '../clean.ts';
import { renderDiff } from './diff.ts';
import { indent, type Look } from './look.ts';

const tailLines = 8;

/** The first line of a card: what the tool is about to do. */
export function renderToolHead(call: ToolCall, look: Look): string[] {
  const title = oneLine(call.title === '' ? (call.name ?? call.kind) : call.title);
  const command = commandOf(call.input);
  const more = command === '' || title.includes(command) ? '' : `  ${look.style.dim(command)}`;
  return [`${look.style.cyan('●')} ${look.style.bold(title)}${more}`];
}

/** The rest of a card: how it ended, the end of its output, its edits. Empty while it works. */
export function renderToolResult(call: ToolCall, look: Look): string[] {
  if (call.status === 'pending' || call.status === 'in_progress') return [];
  const ended = [statusText(call.status, exitOf(call.output), look)];
  const body = (call.content ?? []).flatMap((content) => contentLines(content, look));
  const output = body.length === 0 ? tail(outputText(call.output), look) : body;
  return indent([...ended.filter((line) => line !== ''), ...output], '  ⎿ ', '    ');
}

export function renderToolCall(call: ToolCall, look: Look): string[] {
  return [...renderToolHead(call, look), ...renderToolResult(call, look)];
}

function statusText(status: ToolStatus, exit: number | null, { style }: Look): string {
  const code = exit === null ? '' : `exit ${exit}`;
  switch (status) {
    case 'failed':
      return style.red(code === '' ? 'failed' : `failed, ${code}`);
    case 'cancelled':
      return style.yellow('cancelled');
    case 'completed':
      if (code === '') return '';
      return exit === 0 ? style.dim(code) : style.red(code);
    case 'pending':
    case 'in_progress':
      return '';
  }
}

function contentLines(content: ToolContent, look: Look): string[] {
  switch (content.type) {
    case 'diff':
      return renderDiff(content, look);
    case 'terminal':
      return [];
    case 'content':
      return content.content.type === 'text'
        ? tail(content.content.text, look)
        : [look.style.dim(`[${content.content.type}]`)];
  }
}

function tail(text: string, { style }: Look): string[] {
  const lines = text.replace(/\n+$/, '').split('\n');
  if (lines.length === 1 && lines[0] === '') return [];
  const left = lines.length - tailLines;
  const shown = lines.slice(-tailLines).map((line) => style.dim(line));
  return left > 0 ? [style.dim(`… ${left} lines before`), ...shown] : shown;
}

/** The command line of tools that run one. */
export function commandOf(input: Json | undefined): string {
  if (!isObject(input)) return '';
  const { command } = input;
  if (typeof command === 'string') return oneLine(command);
  return Array.isArray(command) ? oneLine(command.map(String).join(' ')) : '';
}

function exitOf(output: Json | undefined): number | null {
  if (!isObject(output)) return null;
  const code = output['exitCode'] ?? output['exit_code'];
  return typeof code === 'number' ? code : null;
}

function outputText(output: Json | undefined): string {
  if (typeof output === 'string') return output;
  if (!isObject(output)) return '';
  const texts = ['output', 'stdout', 'stderr', 'aggregated_output', 'formatted_output'].map(
    (name) => output[name],
  );
  return texts.filter((text) => typeof text === 'string').join('\n');
}
