import type { AgentEvent } from './agent-event.ts';
import type { ContentBlock } from './content.ts';
import { limits } from './limits.ts';

/**
 * Text in progress: what an agent is saying but has not finished. Pure JSON, rebuilt after a restart by
 * decoding the spool again from `replayFrom`.
 */
export interface Partials {
  texts: readonly OpenText[];
  outputs: readonly OpenOutput[];
  garbage: Garbage | null;
}

export interface OpenText {
  /** The decoder's id of the item. */
  item: string;
  /** The entry that it will be: the item's id, or a continuation of it when it was too long for one. */
  entry: string;
  segment: number;
  part: 'text' | 'thought';
  text: string;
  parentCall?: string;
}

/** Live output of a running tool: the last `limits.outputChars`; `dropped` units went before them. */
export interface OpenOutput {
  call: string;
  text: string;
  dropped: number;
  /** Rises when the text was replaced by another one and not continued. */
  revision: number;
}

/** Input that was not understood, gathered while it goes on for the same reason. */
export interface Garbage {
  item: string;
  reason: string;
  raw: string;
  count: number;
  from: number;
  to: number;
}

export const noPartials: Partials = { texts: [], outputs: [], garbage: null };

/** What reaches the session's decider: events, with streamed text put together to whole pieces. */
export type AgentInput =
  | Exclude<AgentEvent, { type: 'text' | 'text_end' | 'tool_output' | 'block' | 'unrecognized' }>
  /** The agent begins to say something: evidence that it works on the prompt. */
  | { type: 'activity' }
  | {
      type: 'said';
      item: string;
      part: 'text' | 'thought';
      content: readonly ContentBlock[];
      incomplete: boolean;
      parentCall?: string;
    }
  | { type: 'garbage'; garbage: Garbage };

export interface Assembled {
  partials: Partials;
  inputs: readonly AgentInput[];
}

/** Folds one event of the decoder into the partials; whole pieces come out as inputs. */
export function assemble(partials: Partials, event: AgentEvent): Assembled {
  if (event.type === 'unrecognized') return gather(partials, event);
  const swept = sweepGarbage(partials);
  const { partials: next, inputs } = assembleKnown(swept.partials, event);
  return { partials: next, inputs: [...swept.inputs, ...inputs] };
}

function assembleKnown(
  partials: Partials,
  event: Exclude<AgentEvent, { type: 'unrecognized' }>,
): Assembled {
  switch (event.type) {
    case 'text':
      return text(partials, event);
    case 'text_end':
      return endTexts(partials, (open) => open.item === event.item, event.incomplete ?? false);
    case 'tool_output':
      return { partials: output(partials, event.call, event.text), inputs: [] };
    case 'block': {
      const { item, part, content, parentCall } = event;
      const said = { type: 'said', item, part, content: [content], incomplete: false } as const;
      return { partials, inputs: [parentCall === undefined ? said : { ...said, parentCall }] };
    }
    case 'tool_call':
      return { partials: closeOutput(partials, event.toolCall), inputs: [event] };
    case 'turn_ended': {
      const flushed = flush(partials, event.outcome !== 'completed');
      return { partials: flushed.partials, inputs: [...flushed.inputs, event] };
    }
    default:
      return { partials, inputs: [event] };
  }
}

/** Everything that is open ends here: the turn or the host is over. */
export function flush(partials: Partials, incomplete: boolean): Assembled {
  const swept = sweepGarbage(partials);
  const ended = endTexts(swept.partials, () => true, incomplete);
  return {
    partials: { ...ended.partials, outputs: [] },
    inputs: [...swept.inputs, ...ended.inputs],
  };
}

function text(partials: Partials, event: Extract<AgentEvent, { type: 'text' }>): Assembled {
  const open = partials.texts.find((candidate) => candidate.item === event.item);
  if (open === undefined) {
    const { item, part, delta, parentCall } = event;
    const fresh = { item, entry: item, segment: 0, part, text: delta };
    const begun = parentCall === undefined ? fresh : { ...fresh, parentCall };
    return {
      partials: { ...partials, texts: [...partials.texts, begun] },
      inputs: [{ type: 'activity' }],
    };
  }
  const grown = { ...open, text: open.text + event.delta };
  const sealed = grown.text.length > limits.textChars;
  const kept = sealed ? continued(grown) : grown;
  return {
    partials: { ...partials, texts: partials.texts.map((item) => (item === open ? kept : item)) },
    inputs: sealed ? [said(grown, false)] : [],
  };
}

/** The next entry of a text that is too long for one. */
function continued(open: OpenText): OpenText {
  const segment = open.segment + 1;
  return { ...open, segment, entry: `${open.item}c${segment}`, text: '' };
}

function endTexts(
  partials: Partials,
  which: (open: OpenText) => boolean,
  incomplete: boolean,
): Assembled {
  const ending = partials.texts.filter(which);
  return {
    partials: { ...partials, texts: partials.texts.filter((open) => !which(open)) },
    inputs: ending.filter((open) => open.text !== '').map((open) => said(open, incomplete)),
  };
}

function said(open: OpenText, incomplete: boolean): AgentInput {
  const whole = {
    type: 'said',
    item: open.entry,
    part: open.part,
    content: [{ type: 'text', text: open.text }],
    incomplete,
  } as const;
  return open.parentCall === undefined ? whole : { ...whole, parentCall: open.parentCall };
}

function output(partials: Partials, call: string, whole: string): Partials {
  const open = partials.outputs.find((candidate) => candidate.call === call);
  const next = outputAfter(open, call, whole);
  const others = partials.outputs.filter((candidate) => candidate !== open);
  return { ...partials, outputs: [...others, next] };
}

function outputAfter(open: OpenOutput | undefined, call: string, whole: string): OpenOutput {
  const cut = Math.max(0, whole.length - limits.outputChars);
  if (open === undefined) return { call, text: whole.slice(cut), dropped: cut, revision: 0 };
  const continues = whole.startsWith(open.text, open.dropped);
  return {
    call,
    text: whole.slice(cut),
    dropped: cut,
    revision: continues ? open.revision : open.revision + 1,
  };
}

function closeOutput(partials: Partials, toolCall: { call: string; status: string }): Partials {
  if (toolCall.status === 'pending' || toolCall.status === 'in_progress') return partials;
  return { ...partials, outputs: partials.outputs.filter((open) => open.call !== toolCall.call) };
}

function gather(
  partials: Partials,
  event: Extract<AgentEvent, { type: 'unrecognized' }>,
): Assembled {
  const open = partials.garbage;
  const { item, reason, raw, from, to } = event;
  if (open === null || open.reason !== reason || open.count >= 1000) {
    const swept = sweepGarbage(partials);
    const garbage = {
      item,
      reason,
      raw: raw.slice(0, limits.unrecognizedBytes),
      count: 1,
      from,
      to,
    };
    return { partials: { ...swept.partials, garbage }, inputs: swept.inputs };
  }
  const room = limits.unrecognizedBytes - open.raw.length;
  const more = room > 0 ? `\n${raw}`.slice(0, room) : '';
  return {
    partials: {
      ...partials,
      garbage: { ...open, raw: open.raw + more, count: open.count + 1, to },
    },
    inputs: [],
  };
}

function sweepGarbage(partials: Partials): Assembled {
  if (partials.garbage === null) return { partials, inputs: [] };
  const { garbage } = partials;
  return { partials: { ...partials, garbage: null }, inputs: [{ type: 'garbage', garbage }] };
}
