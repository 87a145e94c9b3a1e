import { limits } from '../domain/limits.ts';
import type { Part } from './feed-event.ts';

/**
 * A text in progress as far as the subscriber has it. Offsets are UTF-16 units of the whole text; `start`
 * is above 0 only for a tool's output, of which the beginning is dropped.
 */
export interface HeldText {
  entryId: string;
  part: Part;
  start: number;
  text: string;
  /** Units up to here went to the consumer; null while nothing did. */
  shown: number | null;
  /** What went to the consumer was not the beginning of this text. */
  replaced: boolean;
  /** Whether the server has named it since the feed was last opened. */
  listed: boolean;
  parentCall?: string;
  call?: string;
}

/** A piece of text as `partial` frames and snapshots carry it. */
export interface Piece {
  entryId: string;
  part: Part;
  offset: number;
  text: string;
  replaced?: boolean | undefined;
  /** The text ends with this piece, as a snapshot says: what is held beyond it is void. */
  last?: boolean | undefined;
  parentCall?: string | undefined;
  call?: string | undefined;
}

export function endOf(held: HeldText): number {
  return held.start + held.text.length;
}

/** The held text after a piece. `missing`: what comes before the piece must be asked for again. */
export interface Addition {
  held: HeldText | undefined;
  missing: boolean;
}

export function addPiece(held: HeldText | undefined, piece: Piece): Addition {
  if (held === undefined) {
    const whole = piece.offset === 0 || piece.part === 'output' || piece.replaced === true;
    return whole ? have(begin(piece, false)) : { held, missing: true };
  }
  if (piece.replaced === true) return have(begin(piece, wasSeen(held)));
  if (piece.offset > endOf(held) || piece.offset < held.start) {
    return piece.part === 'output' ? have(begin(piece, wasSeen(held))) : { held, missing: true };
  }
  const known = held.text.slice(piece.offset - held.start);
  if (known.startsWith(piece.text) && (piece.last !== true || known === piece.text)) {
    return have({ ...held, listed: true });
  }
  if (piece.text.startsWith(known)) {
    const text = held.text + piece.text.slice(known.length);
    return have(bounded({ ...held, listed: true, text }));
  }
  if (piece.offset === 0 || piece.part === 'output') return have(begin(piece, wasSeen(held)));
  return { held: begin({ ...piece, offset: 0, text: '' }, wasSeen(held)), missing: true };
}

function have(held: HeldText): Addition {
  return { held, missing: false };
}

function wasSeen(held: HeldText): boolean {
  return held.shown !== null || held.replaced;
}

function begin(piece: Piece, replaced: boolean): HeldText {
  const { entryId, part, offset, text, parentCall, call } = piece;
  return bounded({
    entryId,
    part,
    start: offset,
    text,
    shown: null,
    replaced,
    listed: true,
    ...(parentCall === undefined ? {} : { parentCall }),
    ...(call === undefined ? {} : { call }),
  });
}

/** A tool's output is kept to its last part only. */
function bounded(held: HeldText): HeldText {
  const cut = held.part === 'output' ? held.text.length - limits.outputChars : 0;
  if (cut <= 0) return held;
  return { ...held, start: held.start + cut, text: held.text.slice(cut) };
}
