import type { Frame } from '../engine/frames.ts';

/** One face's spelling of frames, made once for all its subscribers and dropped with the frame. */
export class FrameBytes {
  #bytes = new WeakMap<Frame, Uint8Array>();
  #spell: (frame: Frame) => string;

  constructor(spell: (frame: Frame) => string) {
    this.#spell = spell;
  }

  of(frame: Frame): Uint8Array {
    let bytes = this.#bytes.get(frame);
    if (bytes === undefined) {
      bytes = Buffer.from(this.#spell(frame));
      this.#bytes.set(frame, bytes);
    }
    return bytes;
  }
}

/** A JSON-RPC notification. The parameters are JSON text already and are not read again. */
export function notificationText({ event, params }: Frame): string {
  return `{"jsonrpc":"2.0","method":"${event}","params":${params}}`;
}

/** A server-sent event. JSON text has no line breaks of its own; only entries are resume points. */
export function eventText({ event, seq, params }: Frame): string {
  const id = event === 'entry' && seq !== null ? `id: ${seq}\n` : '';
  return `event: ${event}\n${id}data: ${params}\n\n`;
}
