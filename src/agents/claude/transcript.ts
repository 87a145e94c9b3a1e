import type { ContentBlock, ToolCall } from '../../domain/content.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import type { ReadLine, Shown } from '../../domain/native.ts';
import { isDeeper, listAt, memberAt, objectAt, textAt } from '../shape.ts';
import { blockOfApi } from './content.ts';
import { syntheticModel } from './messages.ts';
import { idChars, withDone, withOutput } from './tool-call.ts';
import { planOf, toolCallOf } from './tools.ts';
import { tokensOfMessage } from './usage.ts';

const titleChars = 1024;

/**
 * A line of Claude Code's own transcript: an entry with a `uuid` is a step of the conversation, one without
 * says something of the session. A line is read by itself, so a result knows nothing of its call but the id,
 * and what a sub-agent does is known by the sub-agent's id, unless its file has begun with the call's.
 */
export function readTranscriptLine(line: JsonObject): ReadLine {
  const cwd = textAt(line, 'cwd');
  const title = isDeeper(line, limits.jsonDepth) ? undefined : titleOf(line);
  return {
    name: nonEmpty(textAt(line, 'uuid')) ?? null,
    session: nonEmpty(textAt(line, 'sessionId')) ?? null,
    boundary: isBoundary(line),
    ...begunBy(line),
    shows: isDeeper(line, limits.jsonDepth) ? [] : shownBy(line),
    ...(title === undefined ? {} : { title }),
    ...(cwd === undefined || cwd === '' ? {} : { cwd }),
  };
}

/** The first line of a sub-agent's own file tells of it, and which call began it. */
function begunBy(line: JsonObject): { begunBy?: string } {
  const call = callId(line, 'toolUseId');
  return textAt(line, 'type') === 'agent_metadata' && call !== undefined ? { begunBy: call } : {};
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** What was said before it need not be remembered. */
/** What a sub-agent forgets, the others remember. */
export function isBoundary(line: JsonObject): boolean {
  if (memberAt(line, 'isSidechain') === true) return false;
  return textAt(line, 'type') === 'system' && textAt(line, 'subtype') === 'compact_boundary';
}

/** Members that name a session, by the type of the line. */
const titles: { readonly [type: string]: string } = {
  'ai-title': 'aiTitle',
  'custom-title': 'customTitle',
  summary: 'summary',
};

function titleOf(line: JsonObject): string | undefined {
  const type = textAt(line, 'type') ?? '';
  const member = Object.hasOwn(titles, type) ? titles[type] : undefined;
  const title = member === undefined ? '' : (textAt(line, member) ?? '').trim();
  return title === '' ? undefined : title.slice(0, titleChars);
}

function shownBy(line: JsonObject): readonly Shown[] {
  switch (textAt(line, 'type')) {
    case 'assistant':
      return ofAssistant(line);
    case 'user':
      return ofUser(line);
    case 'attachment':
      return ofAttachment(objectAt(line, 'attachment'));
    default:
      return [];
  }
}

/** Who speaks, where it is not the agent itself: `agentId` is all that a line says of a sub-agent. */
function parentOf(line: JsonObject): { parentCall?: string } {
  if (memberAt(line, 'isSidechain') !== true) return {};
  return { parentCall: (textAt(line, 'agentId') ?? 'sidechain').slice(0, idChars) };
}

function ofAssistant(line: JsonObject): readonly Shown[] {
  const message = objectAt(line, 'message');
  const parent = parentOf(line);
  const broken = ['isAbortedMidStream', 'aborted', 'isApiErrorMessage'].some(
    (member) => memberAt(line, member) === true,
  );
  const incomplete = broken ? { incomplete: true as const } : {};
  const blocks = listAt(message, 'content') ?? [];
  const shown = blocks.flatMap((block) => ofBlock(block, { ...parent, ...incomplete }));
  return [...shown, ...usageOf(message)];
}

type Speaker = { parentCall?: string; incomplete?: true };

function ofBlock(block: Json, speaker: Speaker): readonly Shown[] {
  const type = textAt(block, 'type') ?? '';
  const parent = speaker.parentCall === undefined ? {} : { parentCall: speaker.parentCall };
  switch (type) {
    case 'text':
      return said('message', textAt(block, 'text'), speaker);
    case 'thinking':
      return said('thought', textAt(block, 'thinking'), speaker);
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return ofToolUse(block, parent);
    default:
      return type.endsWith('tool_result') ? ofToolResult(block, undefined, parent) : [];
  }
}

function said(
  kind: 'message' | 'thought',
  text: string | undefined,
  speaker: Speaker,
): readonly Shown[] {
  if (text === undefined || text === '') return [];
  return [{ kind, content: [{ type: 'text', text }], ...speaker }];
}

function ofToolUse(block: Json, parent: { parentCall?: string }): readonly Shown[] {
  const call = callId(block, 'id');
  const name = textAt(block, 'name');
  if (call === undefined || name === undefined) return [];
  const input = objectAt(block, 'input') ?? {};
  const plan = parent.parentCall === undefined ? planOf(name, input) : undefined;
  if (plan !== undefined) return [{ kind: 'plan', items: plan }];
  return [{ kind: 'tool_call', toolCall: toolCallOf(call, name, input), ...parent }];
}

function callId(value: Json, member: string): string | undefined {
  const id = textAt(value, member) ?? '';
  return id === '' || id.length > idChars ? undefined : id;
}

/** Every line of a message repeats what it took; the key is that of the message, so it counts once. */
function usageOf(message: JsonObject | undefined): readonly Shown[] {
  const key = textAt(message, 'id') ?? '';
  const model = textAt(message, 'model') ?? '';
  const usage = objectAt(message, 'usage');
  if (key === '' || usage === undefined || model === syntheticModel) return [];
  const tokens = tokensOfMessage(usage);
  if (Object.values(tokens).every((count) => count === 0)) return [];
  const of = model === '' ? {} : { model: model.slice(0, 256) };
  return [{ kind: 'usage', key: key.slice(0, 256), tokens, ...of }];
}

/** `user`: a prompt, results of tools, or what Claude Code tells the model by itself. */
function ofUser(line: JsonObject): readonly Shown[] {
  const content = memberAt(objectAt(line, 'message'), 'content');
  if (memberAt(line, 'isCompactSummary') === true) return compacted(content);
  if (memberAt(line, 'isMeta') === true) return [];
  const blocks: readonly Json[] = Array.isArray(content) ? content : [];
  const results = blocks.filter((block) => textAt(block, 'type') === 'tool_result');
  // Words beside results are Claude Code's own.
  if (results.length > 0) {
    const [only] = results.length === 1 ? [objectAt(line, 'toolUseResult')] : [];
    return results.flatMap((block) => ofToolResult(block, only, parentOf(line)));
  }
  // The first words to a sub-agent are in the input of its call.
  if (memberAt(line, 'isSidechain') === true) return [];
  if (typeof content === 'string') return ofWords(line, content);
  if (isOwnWords(line)) return [];
  return delivered(blocks.flatMap((block) => blockOfApi(block) ?? []));
}

function compacted(content: Json | undefined): readonly Shown[] {
  const blocks: readonly Json[] = Array.isArray(content) ? content : [];
  const texts = blocks.map((block) => textAt(block, 'text') ?? '');
  const summary = typeof content === 'string' ? content : texts.join('\n');
  return [{ kind: 'compaction', ...(summary === '' ? {} : { summary }) }];
}

/** Not from a person: the end of a task, or of something else that goes on by itself. */
function isOwnWords(line: JsonObject): boolean {
  const origin = textAt(objectAt(line, 'origin'), 'kind');
  if (origin !== undefined && origin !== 'human') return true;
  return (
    textAt(line, 'promptSource') === 'system' ||
    memberAt(line, 'isVisibleInTranscriptOnly') === true
  );
}

function ofWords(line: JsonObject, text: string): readonly Shown[] {
  if (text.startsWith('<task-notification>')) return ofTask(text);
  if (isOwnWords(line)) return [];
  return delivered([{ type: 'text', text }]);
}

const interruptions: ReadonlySet<string> = new Set([
  '[Request interrupted by user]',
  '[Request interrupted by user for tool use]',
]);

const ownWords = /^\s*<(?:local-command-|system-reminder>|bash-stdout>|bash-stderr>)/;

/** What a person has said, without what Claude Code adds to it. */
function delivered(blocks: readonly ContentBlock[]): readonly Shown[] {
  const content = blocks.flatMap((block): ContentBlock[] => {
    if (block.type !== 'text') return [block];
    if (block.text === '' || interruptions.has(block.text) || ownWords.test(block.text)) return [];
    return [{ type: 'text', text: typed(block.text) }];
  });
  return content.length === 0 ? [] : [{ kind: 'delivery', content }];
}

/** A command is kept as tags; it is shown as it was typed. */
function typed(text: string): string {
  const shell = text.startsWith('<bash-input>') ? tagged(text, 'bash-input') : undefined;
  if (shell !== undefined) return `!${shell}`;
  const command = /^\s*<command-/.test(text) ? tagged(text, 'command-name') : undefined;
  if (command === undefined) return text;
  const args = tagged(text, 'command-args') ?? '';
  return args === '' ? command : `${command} ${args}`;
}

/** The text between a tag and its end; no expression, so that long texts stay cheap. */
function tagged(text: string, tag: string): string | undefined {
  const from = text.indexOf(`<${tag}>`);
  const to = from < 0 ? -1 : text.indexOf(`</${tag}>`, from);
  return to < 0 ? undefined : text.slice(from + tag.length + 2, to).trim();
}

/** The end of a sub-agent that worked in the background. */
function ofTask(text: string): readonly Shown[] {
  const call = tagged(text, 'tool-use-id') ?? '';
  if (call === '' || call.length > idChars) return [];
  const status = tagged(text, 'status') === 'completed' ? 'completed' : 'failed';
  const output = tagged(text, 'summary') ?? '';
  return [{ kind: 'tool_call', toolCall: { ...unnamed(call), status, output }, later: true }];
}

/** All that a result knows of its call. */
function unnamed(call: string): ToolCall {
  return { call, title: 'A tool', kind: 'other', status: 'completed' };
}

function ofToolResult(
  block: Json,
  result: JsonObject | undefined,
  parent: { parentCall?: string },
): readonly Shown[] {
  const call = callId(block, 'tool_use_id');
  if (call === undefined) return [];
  const failed = memberAt(block, 'is_error') === true;
  // One that has only begun; its end is told as the end of a task.
  if (memberAt(result, 'isAsync') === true && !failed) return [];
  // The plan itself was shown.
  if (memberAt(result, 'newTodos') !== undefined && !failed) return [];
  const name = changerOf(result);
  const bare = name === undefined ? unnamed(call) : { ...unnamed(call), name };
  const done = withDone(withOutput(bare, memberAt(block, 'content')), result);
  const status = failed ? 'failed' : 'completed';
  return [{ kind: 'tool_call', toolCall: { ...done, status }, later: true, ...parent }];
}

/** The tool that changes files in this way. */
function changerOf(result: JsonObject | undefined): string | undefined {
  if (textAt(result, 'oldString') !== undefined) return 'Edit';
  const type = textAt(result, 'type');
  return type === 'create' || type === 'update' ? 'Write' : undefined;
}

/** A prompt that came while the agent worked is kept beside the conversation. */
function ofAttachment(attachment: JsonObject | undefined): readonly Shown[] {
  if (textAt(attachment, 'type') !== 'queued_command') return [];
  if (textAt(attachment, 'commandMode') !== 'prompt') return [];
  const prompt = memberAt(attachment, 'prompt');
  if (typeof prompt === 'string') return delivered([{ type: 'text', text: prompt }]);
  if (!Array.isArray(prompt)) return [];
  return delivered((prompt as readonly Json[]).flatMap((block) => blockOfApi(block) ?? []));
}
