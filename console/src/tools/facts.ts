import type { ToolCall, ToolContent } from 'turnkeep/client';

/** What agents put into inputs and outputs, each in its own words. */
type Json = ToolCall['input'];

/** A text under the first of these names that there is. */
export function textAt(json: Json, ...names: readonly string[]): string | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const members = json as { readonly [name: string]: Json };
  for (const name of names) {
    const value = Object.hasOwn(members, name) ? members[name] : undefined;
    if (typeof value === 'string') return value;
  }
  return undefined;
}

export function numberAt(json: Json, ...names: readonly string[]): number | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const members = json as { readonly [name: string]: Json };
  for (const name of names) {
    const value = Object.hasOwn(members, name) ? members[name] : undefined;
    if (typeof value === 'number') return value;
  }
  return undefined;
}

/** The command of a tool that runs one, whole. */
export function commandOf(input: Json): string | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined;
  const { command } = input as { readonly command?: Json };
  if (typeof command === 'string') return command;
  return Array.isArray(command) ? command.map(word).join(' ') : undefined;
}

/** A word of a command, as it would have to be written: what is one word is not read as several. */
function word(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function exitOf(output: Json): number | undefined {
  return numberAt(output, 'exitCode', 'exit_code', 'code');
}

/** What a program printed, where the call has it as no content. */
export function outputText(output: Json): string {
  if (typeof output === 'string') return output;
  const names = ['output', 'stdout', 'stderr', 'aggregated_output', 'formatted_output'];
  return names.flatMap((name) => textAt(output, name) ?? []).join('\n');
}

export function pathOf(call: ToolCall): string | undefined {
  return call.locations?.[0]?.path ?? textAt(call.input, 'file_path', 'path', 'notebook_path');
}

/** The texts that a call has for its result. */
export function resultText(call: ToolCall): string {
  const texts = (call.content ?? []).flatMap((content) =>
    content.type === 'content' && content.content.type === 'text' ? [content.content.text] : [],
  );
  return texts.length > 0 ? texts.join('\n') : outputText(call.output);
}

export type DiffContent = Extract<ToolContent, { type: 'diff' }>;

export function diffsOf(call: ToolCall): DiffContent[] {
  return (call.content ?? []).filter((content): content is DiffContent => content.type === 'diff');
}

/** Server and tool of a call over the Model Context Protocol. */
export function mcpOf({ name }: ToolCall): { server: string; tool: string } | undefined {
  const [, server, tool] = /^mcp__(.+?)__(.+)$/.exec(name ?? '') ?? [];
  return server === undefined || tool === undefined ? undefined : { server, tool };
}

export function linesIn(text: string): number {
  if (text === '') return 0;
  let lines = text.endsWith('\n') ? 0 : 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
