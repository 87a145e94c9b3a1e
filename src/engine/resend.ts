import type { HostInput, SpanChange } from '../ports/store.ts';
import type { HostGrip } from './host-grip.ts';

/** Bytes for a host; `lines` are told again where what they say may have changed. */
export interface Sent extends HostInput {
  grip: HostGrip;
  lines?: () => readonly string[];
}

export function bytesOfLines(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
}

/** Encodes again what is told with lines of its own; what comes after it moves, and so do the runs' parts. */
export function sentAgain(
  inputs: readonly Sent[],
  spans: readonly SpanChange[],
): { inputs: Sent[]; spans: SpanChange[] } {
  const places = new Map<string, Map<number, number>>();
  const ends = new Map<string, number>();
  const again = inputs.map((input) => {
    const bytes = input.lines === undefined ? input.bytes : bytesOfLines(input.lines());
    const offset = ends.get(input.host) ?? input.offset;
    const moved = places.get(input.host) ?? new Map<number, number>();
    places.set(input.host, moved.set(input.offset + input.bytes.length, offset + bytes.length));
    ends.set(input.host, offset + bytes.length);
    input.grip.inputEnd = offset + bytes.length;
    return { ...input, offset, bytes };
  });
  const moved = spans.map((span) => ({
    ...span,
    sent: places.get(span.host)?.get(span.sent) ?? span.sent,
  }));
  return { inputs: again, spans: moved };
}
