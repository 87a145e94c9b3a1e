import type { ToolCall, ToolContent, ToolKind, ToolStatus } from '../../domain/content.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { present, toolContentOf } from './content.ts';
import { keep } from './open-calls.ts';
import type { AcpQuirks } from './quirks.ts';
import { countAt, listAt, memberAt, objectAt, tailOf, textAt } from '../shape.ts';
import type { Lost, OpenCall, Reading } from './state.ts';

const kinds: { readonly [Kind in ToolKind]: true } = {
  read: true,
  edit: true,
  delete: true,
  move: true,
  search: true,
  execute: true,
  think: true,
  fetch: true,
  switch_mode: true,
  other: true,
};
const statuses: { readonly [Status in Exclude<ToolStatus, 'cancelled'>]: true } = {
  pending: true,
  in_progress: true,
  completed: true,
  failed: true,
};

const idChars = 1024;

/**
 * Takes over what a line says of a tool call, wherever it says it: in `tool_call`, `tool_call_update` or a
 * permission request. An entry comes of the first state, of every other status, and when input or a diff
 * first become known, so that log and approval show them; other growth is live output or is remembered
 * for the next entry. Returns the call as it now is, or undefined where the line names none.
 */
export function readToolCall(reading: Reading, update: Json): OpenCall | undefined {
  const id = textAt(update, 'toolCallId');
  if (!isObject(update) || id === undefined || id === '' || id.length > idChars) {
    reading.unrecognized('a tool call without a usable id');
    return undefined;
  }
  const known = reading.state.calls.find((open) => open.toolCall.call === id);
  const merged = merge(known?.toolCall ?? blank(id), update);
  const { strange } = merged;
  const toolCall = withCommand(merged.toolCall, reading.quirks);
  if (strange) reading.unrecognized('tool call content of an unknown shape');
  const terminal = (known?.terminal ?? '') + printedBy(update);
  const now: OpenCall = {
    toolCall: withPrinted(toolCall, terminal),
    parentCall: parentCallOf(update) ?? known?.parentCall ?? null,
    inputKnown: (known?.inputKnown ?? false) || toolCall.input !== undefined,
    diffKnown: (known?.diffKnown ?? false) || hasDiff(toolCall),
    kindTold: (known?.kindTold ?? false) || Object.hasOwn(kinds, textAt(update, 'kind') ?? ''),
    lost: lostOf(known?.lost ?? [], update, toolCall),
    terminal,
    size: 0,
  };
  tell(reading, { known, now, update });
  reading.change({ calls: keep(reading.state.calls, now) });
  return now;
}

/** What is said anew is known again, unless this, too, has a part that was not understood. */
function lostOf(lost: readonly Lost[], update: JsonObject, now: ToolCall): readonly Lost[] {
  const told = { input: 'rawInput', content: 'content', locations: 'locations' } as const;
  return (['input', 'content', 'locations'] as const).filter((member) => {
    const value = memberAt(update, told[member]) ?? null;
    if (value === null) return lost.includes(member);
    if (member === 'input') return lost.includes(member) && now.input !== value;
    return !Array.isArray(value) || value.length !== now[member]?.length;
  });
}

/** The tool call of the sub-agent that speaks, where the agent names it. */
export function parentCallOf(carrier: Json): string | undefined {
  const parent = textAt(objectAt(carrier, '_meta', 'claudeCode'), 'parentToolUseId');
  return parent === undefined || parent.length > idChars ? undefined : parent;
}

function withCommand(toolCall: ToolCall, { titledCommands }: AcpQuirks): ToolCall {
  const { call, kind, title } = toolCall;
  if (titledCommands?.test(call) !== true || kind !== 'execute' || title === '') return toolCall;
  return { ...toolCall, input: { command: title } };
}

interface Change {
  known: OpenCall | undefined;
  now: OpenCall;
  update: JsonObject;
}

function tell(reading: Reading, change: Change): void {
  const { known, now, update } = change;
  const { toolCall } = now;
  if (known === undefined || isNewState(change)) {
    reading.activity();
    const event = { type: 'tool_call', item: reading.nextItem(), toolCall } as const;
    reading.emit(now.parentCall === null ? event : { ...event, parentCall: now.parentCall });
    return;
  }
  if (toolCall.status !== 'in_progress') return;
  const text = outputText(now);
  const spoke = listAt(update, 'content') !== undefined || now.terminal !== known.terminal;
  if (!spoke || text === '' || text === outputText(known)) return;
  reading.emit({
    type: 'tool_output',
    call: toolCall.call,
    text: tailOf(text, limits.outputChars),
  });
}

function isNewState(change: {
  known: OpenCall | undefined;
  now: OpenCall;
  update: JsonObject;
}): boolean {
  const { known, now, update } = change;
  if (known === undefined || known.toolCall.status !== now.toolCall.status) return true;
  if (known.inputKnown !== now.inputKnown || known.diffKnown !== now.diffKnown) return true;
  // What an ended call still says has no other entry to wait for.
  const ended = now.toolCall.status === 'completed' || now.toolCall.status === 'failed';
  return ended && (says(update, 'rawOutput') || says(update, 'content'));
}

function says(update: JsonObject, key: string): boolean {
  return (memberAt(update, key) ?? null) !== null;
}

function blank(call: string): ToolCall {
  return { call, title: '', kind: 'other', status: 'pending' };
}

/** Members that are absent or null leave what is known; lists replace the known ones, as ACP says. */
function merge(known: ToolCall, update: JsonObject): { toolCall: ToolCall; strange: boolean } {
  const kind = textAt(update, 'kind') ?? '';
  const status = textAt(update, 'status') ?? '';
  const content = contentOf(listAt(update, 'content'));
  const toolCall: ToolCall = {
    ...known,
    title: textAt(update, 'title') ?? known.title,
    kind: Object.hasOwn(kinds, kind) ? (kind as ToolKind) : known.kind,
    status: Object.hasOwn(statuses, status) ? (status as ToolStatus) : known.status,
    ...present('name', nameOf(update)),
    ...present('input', inputOf(update)),
    ...present('output', memberAt(update, 'rawOutput') ?? undefined),
    ...present('content', content?.items),
    ...present('locations', locationsOf(listAt(update, 'locations'))),
  };
  return { toolCall, strange: content?.strange ?? false };
}

function nameOf(update: JsonObject): string | undefined {
  const name =
    textAt(update, 'name') ?? textAt(objectAt(update, '_meta', 'claudeCode'), 'toolName');
  return name?.slice(0, 256);
}

/** An empty object is what agents send while the model is still writing the input. */
function inputOf(update: JsonObject): Json | undefined {
  const input = memberAt(update, 'rawInput') ?? undefined;
  return isObject(input) && Object.keys(input).length === 0 ? undefined : input;
}

function contentOf(
  told: readonly Json[] | undefined,
): { items: readonly ToolContent[]; strange: boolean } | undefined {
  if (told === undefined) return undefined;
  const read = told.map((value) => toolContentOf(value));
  const items = read.filter((item) => item !== undefined);
  return { items, strange: items.length < read.length };
}

function locationsOf(told: readonly Json[] | undefined): ToolCall['locations'] | undefined {
  return told?.flatMap((value) => {
    const path = textAt(value, 'path');
    return path === undefined ? [] : [{ path, ...present('line', countAt(value, 'line')) }];
  });
}

/** What a command printed, as agents that show terminals of their own send it: piece by piece. */
function printedBy(update: JsonObject): string {
  const piece =
    objectAt(update, '_meta', 'terminal_output_delta') ??
    objectAt(update, '_meta', 'terminal_output');
  return textAt(piece, 'data') ?? '';
}

/** A terminal's content is a name that means nothing later: at the end its text becomes the output. */
function withPrinted(toolCall: ToolCall, terminal: string): ToolCall {
  const ended = toolCall.status === 'completed' || toolCall.status === 'failed';
  if (!ended || terminal === '' || toolCall.output !== undefined) return toolCall;
  return { ...toolCall, output: terminal };
}

function hasDiff(toolCall: ToolCall): boolean {
  return toolCall.content?.some((item) => item.type === 'diff') ?? false;
}

function outputText(open: OpenCall): string {
  const texts = (open.toolCall.content ?? []).map((item) =>
    item.type === 'content' && item.content.type === 'text' ? item.content.text : '',
  );
  return texts.join('') + open.terminal;
}
