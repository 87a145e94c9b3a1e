import type { AgentEvent } from '../domain/agent-event.ts';
import type { BlobRef } from '../domain/content.ts';
import { fromBase64 } from '../domain/base64.ts';
import { externalise, type PutBlob } from '../domain/externalise.ts';
import { limits } from '../domain/limits.ts';
import type { AgentDriver, DecoderState } from '../ports/agent.ts';
import { itemId, lineId } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';

/** A line of the spool as the framer cut it. */
export interface RawLine {
  host: string;
  from: number;
  to: number;
  bytes: Uint8Array;
  /** Only the first bytes are here: the line was over the limit, or torn by the end of the spool. */
  broken?: 'oversized' | 'torn';
}

export interface DecodedLine {
  state: DecoderState;
  events: readonly AgentEvent[];
  blobs: readonly { ref: BlobRef; bytes: Uint8Array }[];
}

/** Decodes a line over `limits.largeLineBytes` off the main thread. */
export type DecodeLarge = (
  agent: string,
  state: DecoderState,
  line: RawLine,
) => Promise<DecodedLine>;
export type HashBytes = (bytes: Uint8Array) => string;

/**
 * One line to events, with what is large already moved to blobs. Runs on the main thread for ordinary
 * lines and in a worker for large ones. Never throws: what cannot be decoded is an event that says so.
 */
export function decodeLine(
  driver: AgentDriver,
  state: DecoderState,
  line: RawLine,
  hash: HashBytes,
): DecodedLine {
  const id = lineId(line.host, line.from);
  if (line.broken !== undefined) return unrecognized(state, line, line.broken);
  if (line.bytes.length === 0) return { state, events: [], blobs: [] };
  const text = utf8(line.bytes);
  if (text === null) return unrecognized(state, line, 'not UTF-8');
  try {
    const decoded = driver.decode(state, { id, text, from: line.from, to: line.to });
    const blobs: { ref: BlobRef; bytes: Uint8Array }[] = [];
    const put = blobCollector(blobs, hash);
    return {
      state: decoded.state,
      events: decoded.events.map((event) => externalise(event, put)),
      blobs,
    };
  } catch (error) {
    return unrecognized(
      state,
      line,
      `decoder: ${error instanceof Error ? error.message : 'failed'}`,
    );
  }
}

/** Decodes a line where it belongs. One on which the worker breaks is kept as one that nobody understands. */
export async function decodeHere(
  { driver, clock, decodeLarge }: { driver: AgentDriver; clock: Clock; decodeLarge: DecodeLarge },
  state: DecoderState,
  line: RawLine,
): Promise<DecodedLine> {
  const large = line.bytes.length > limits.largeLineBytes && line.broken === undefined;
  if (!large) return decodeLine(driver, state, line, (bytes) => clock.sha256(bytes));
  try {
    return await decodeLarge(driver.profile.name, state, line);
  } catch (error) {
    return unrecognized(state, line, `decoder: ${String(error)}`);
  }
}

export function unrecognized(
  state: DecoderState,
  line: RawLine,
  reason: string,
  ordinal: number | 'r' = 0,
): DecodedLine {
  const raw = new TextDecoder().decode(line.bytes.subarray(0, limits.unrecognizedBytes));
  const base = lineId(line.host, line.from);
  const item = ordinal === 'r' ? `${base}-r` : itemId({ id: base }, ordinal);
  const { from, to } = line;
  return { state, events: [{ type: 'unrecognized', item, reason, raw, from, to }], blobs: [] };
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Collects blobs of one piece of work, to be stored before the entries that name them. */
export function blobCollector(
  blobs: { ref: BlobRef; bytes: Uint8Array }[],
  hash: HashBytes,
): PutBlob {
  return (content) => {
    const bytes =
      'text' in content ? new TextEncoder().encode(content.text) : fromBase64(content.base64);
    const ref = { digest: hash(bytes), size: bytes.length };
    blobs.push({ ref, bytes });
    return ref;
  };
}
