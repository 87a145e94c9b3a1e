import { wholeUnits } from '../domain/externalise.ts';
import type { OpenOutput } from '../domain/partials.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Frame, PartialView } from './frames.ts';
import type { HostGrip } from './host-grip.ts';

/** What an actor shows its feeds. */
export interface Live {
  state: SessionState;
  grip: HostGrip | null;
  /** A before-commit hook sees what is said: nothing is shown before. */
  withholds?: boolean;
}

/** Text in progress at one moment, as feeds see it. */
export interface LivePartial extends PartialView {
  /** Rises when the text was replaced and not continued; only of tool output. */
  revision: number;
}

export function livePartials({ state, grip, withholds }: Live): readonly LivePartial[] {
  if (grip === null || withholds === true) return [];
  const texts = grip.partials.texts.map((open) => ({
    entryId: open.entry,
    part: open.part,
    offset: 0,
    text: open.text,
    revision: 0,
    ...(open.parentCall === undefined ? {} : { parentCall: open.parentCall }),
  }));
  const outputs = grip.partials.outputs.flatMap((open) => liveOutput(state, open));
  return [...texts, ...outputs];
}

function liveOutput(state: SessionState, open: OpenOutput): LivePartial[] {
  const toolCall = state.run?.toolCalls.find((candidate) => candidate.call === open.call);
  if (toolCall === undefined) return [];
  const { text, dropped: offset, revision, call } = open;
  return [{ entryId: toolCall.entry, part: 'output', offset, text, revision, call }];
}

/** Frames of one flush, shared by all feeds that hold the same amount of a text. */
export class PartialFrames {
  readonly #session: string;
  readonly #frames = new Map<string, Frame>();

  constructor(session: string) {
    this.#session = session;
  }

  /** The text from `offset` to `end`; `replaced` where it takes the place of what the feed holds. */
  of(partial: LivePartial, offset: number, replaced: boolean): Frame {
    const key = `${partial.entryId}/${partial.part}/${offset}/${replaced}`;
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    const { entryId, part, parentCall, call } = partial;
    const text = partial.text.slice(offset - partial.offset, sendable(partial) - partial.offset);
    const params = JSON.stringify({
      session: this.#session,
      entryId,
      part,
      offset,
      text,
      ...(replaced ? { replaced } : {}),
      parentCall,
      call,
    });
    const frame: Frame = { event: 'partial', seq: null, params };
    this.#frames.set(key, frame);
    return frame;
  }
}

/** Offset up to which a text can be sent now: never inside a surrogate pair. */
export function sendable(partial: LivePartial): number {
  const { text } = partial;
  const last = text.charCodeAt(text.length - 1);
  const half = last >= 0xd800 && last <= 0xdbff;
  return partial.offset + (half ? wholeUnits(`${text}.`, text.length) : text.length);
}
