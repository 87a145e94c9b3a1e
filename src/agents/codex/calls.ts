import type { ToolCall } from '../../domain/content.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { sizeOf, tailOf, textAt } from '../shape.ts';
import type { OpenCall, Reading } from './state.ts';
import { pathsOf, toolCallOf, withOutput } from './tool-call.ts';

/**
 * What is remembered of calls stays small, because it is stored with every snapshot: the end of what a command
 * printed, members that are not large, and of too many calls the oldest ones bare.
 */
const memberChars = 8 * 1024;
const printedChars = 8 * 1024;
const allChars = 128 * 1024;
const pathCount = 64;

/** Whose call it is. */
export interface Owner {
  thread: string;
  turn: string;
  parentCall: string | null;
}

/** A call as it begins or ends: an item has all of it each time. */
export function readCall(reading: Reading, item: Json, of: Owner & { ended: boolean }): void {
  const { thread, turn, parentCall, ended } = of;
  const told = toolCallOf(item);
  if (told === undefined) return reading.unrecognized('a call of a tool of an unknown shape');
  const toolCall: ToolCall = ended ? endedCall(told) : told;
  const known = knownCall(reading, told.call);
  if (known?.background === true) return endBackground(reading, known, item);
  tell(reading, toolCall, parentCall);
  if (ended) return forget(reading, told.call);
  const paths = pathsOf(item);
  const fits =
    paths !== null && paths.length <= pathCount && sizeOf([...paths], memberChars) <= memberChars;
  keep(reading, {
    toolCall: trimmed(toolCall),
    thread,
    turn,
    parentCall,
    paths: fits ? paths : null,
    printed: '',
    background: false,
    size: 0,
  });
}

function tell(reading: Reading, toolCall: ToolCall, parentCall: string | null): void {
  const event = { type: 'tool_call', item: reading.nextItem(), toolCall } as const;
  reading.emit(parentCall === null ? event : { ...event, parentCall });
}

/** Items such as searches have no status of their own: their end is that of the item. */
function endedCall(told: ToolCall): ToolCall {
  return told.status === 'in_progress' ? { ...told, status: 'completed' } : told;
}

export function knownCall(reading: Reading, call: string | undefined): OpenCall | undefined {
  return reading.state.calls.find((open) => open.toolCall.call === call);
}

/** Whether a command still runs for a turn. */
export function isRunning({ toolCall, background }: OpenCall): boolean {
  return toolCall.kind === 'execute' && !background;
}

/** The commands that still run for this turn. */
export function runningIn(reading: Reading, turn: string): readonly OpenCall[] {
  return reading.state.calls.filter((call) => call.turn === turn && isRunning(call));
}

/** `item/commandExecution/outputDelta`. */
export function readOutput(reading: Reading, params: Json): void {
  const known = knownCall(reading, textAt(params, 'itemId'));
  const delta = textAt(params, 'delta');
  if (delta === undefined) return reading.unrecognized('output of a command without its text');
  if (known === undefined || known.background) return;
  const printed = tailOf(known.printed + delta, printedChars);
  keep(reading, { ...known, printed });
  const call = known.toolCall.call;
  reading.emit({ type: 'tool_output', call, text: printed });
}

/** Commands that go on after a turn that was not cancelled were left to themselves: a server, a watcher. */
export function leaveRunning(reading: Reading, turn: string): void {
  for (const open of runningIn(reading, turn)) {
    const note = `${open.printed}\n[It runs on in the background.]`.trim();
    const toolCall = withOutput(open.toolCall, note);
    tell(reading, toolCall, open.parentCall);
    keep(reading, { ...open, printed: '', background: true });
  }
}

function endBackground(reading: Reading, { toolCall }: OpenCall, item: Json): void {
  if (textAt(item, 'status') === 'inProgress') return;
  const status = toolCallOf(item)?.status ?? 'completed';
  reading.notice(
    'background-task',
    `A command in the background has ended (${status}): ${toolCall.title}`,
  );
  forget(reading, toolCall.call);
}

/** The turn is over: of its calls only those in the background are still known. */
export function closeCalls(reading: Reading, turn: string): void {
  const calls = reading.state.calls.filter((open) => open.background || open.turn !== turn);
  reading.change({ calls });
}

function forget(reading: Reading, call: string): void {
  const calls = reading.state.calls.filter((open) => open.toolCall.call !== call);
  reading.change({ calls });
}

function keep(reading: Reading, latest: OpenCall): void {
  const others = reading.state.calls.filter((open) => open.toolCall.call !== latest.toolCall.call);
  const next = [...others, sized(latest)].slice(-limits.openToolCalls);
  let total = next.reduce((sum, open) => sum + open.size, 0);
  const calls = next.map((open) => {
    if (total <= allChars) return open;
    const bare = sized({ ...open, toolCall: bareCall(open.toolCall), paths: null, printed: '' });
    total += bare.size - open.size;
    return bare;
  });
  reading.change({ calls });
}

function sized(open: OpenCall): OpenCall {
  const { toolCall, paths, printed } = open;
  const size = sizeOf({ toolCall, paths, printed } as unknown as Json, allChars);
  return { ...open, size };
}

/** Without members that are large. */
function trimmed({ input, content, locations, ...rest }: ToolCall): ToolCall {
  return {
    ...rest,
    ...(input !== undefined && fits(input) ? { input } : {}),
    ...(content !== undefined && fits(content as unknown as Json) ? { content } : {}),
    ...(locations !== undefined && fits(locations as unknown as Json) ? { locations } : {}),
  };
}

function bareCall({ call, title, name, kind, status }: ToolCall): ToolCall {
  return { call, title: title.slice(0, 80), kind, status, ...(name === undefined ? {} : { name }) };
}

function fits(member: Json): boolean {
  return sizeOf(member, memberChars) <= memberChars;
}
