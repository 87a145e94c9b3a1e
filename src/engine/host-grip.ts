import type { HostEnd } from '../domain/decide/host.ts';
import type { AgentEvent } from '../domain/agent-event.ts';
import { limits } from '../domain/limits.ts';
import { assemble, type AgentInput, flush, noPartials, type Partials } from '../domain/partials.ts';
import type { AgentDriver, DecoderState, OpenSpec } from '../ports/agent.ts';
import type { Host, HostExit } from '../ports/hosts.ts';
import type { HostChange, HostRow } from '../ports/store.ts';
import type { RawLine } from './decode.ts';
import { Framer, type Line } from './spool/framer.ts';

const chunkBytes = 256 * 1024;

/**
 * An actor's grip on its session's host: how far its spool has been read, decoded and stored.
 *
 *   0 ── replayFrom ───────── ingested ──────── position ──── offset ──── size
 *        decode from here      stored            folded        cut         written by the agent
 *        after a restart       up to here        up to here    to lines
 */
export class HostGrip {
  readonly id: string;
  readonly driver: AgentDriver;
  readonly spec: OpenSpec;
  decoder: DecoderState;
  partials: Partials;
  /** Offset after the last folded line. */
  position: number;
  /** Lines before this were stored by an earlier daemon: their output is suppressed. */
  readonly suppressBelow: number;
  inputEnd: number;
  /** What the store has: advanced by `stored`. */
  #ingested: number;
  #replayFrom: number;
  host: Host | null = null;
  /** How the agent ended, as soon as that is known: what it wrote before is still to be read. */
  exit: HostExit | null = null;
  /** When its processes were last looked at; monotonic milliseconds. */
  sampledAt = Number.NEGATIVE_INFINITY;
  /** Its processes are stopped for want of disk space; null where an earlier daemon may have done it. */
  paused: boolean | null = null;
  /** Its last line came without an end. */
  torn = false;
  /** It is being ended: the steps to it are taken once. */
  condemned = false;
  /** Its exit and its drained spool are with the supervisor, which finds out what else there is to know. */
  concluding = false;
  /** Writes to the input file, one after another. */
  #writing: Promise<void> = Promise.resolve();
  #gap = false;
  /** All that is known of its end; the actor decides it. */
  end: HostEnd | null = null;
  readonly #framer: Framer;
  #lines: readonly Line[] = [];
  #next = 0;
  #drained = false;

  private constructor(row: HostRow, driver: AgentDriver) {
    const fresh = row.snapshot === null || row.decoderVersion !== driver.decoderVersion;
    this.id = row.host;
    this.driver = driver;
    this.spec = JSON.parse(row.spec) as OpenSpec;
    const snapshot = fresh ? null : (JSON.parse(row.snapshot!) as Snapshot);
    this.decoder = snapshot?.decoder ?? driver.initial(this.spec);
    this.partials = snapshot?.partials ?? noPartials;
    this.position = fresh ? 0 : row.replayFrom;
    this.suppressBelow = row.ingested;
    this.inputEnd = row.inputEnd;
    this.#ingested = row.ingested;
    this.#replayFrom = this.position;
    this.#framer = new Framer(this.position);
  }

  /** The grip on a host that the store knows, from its last snapshot on. */
  static of(row: HostRow, driver: AgentDriver): HostGrip {
    return new HostGrip(row, driver);
  }

  /** The grip on a host that is about to be launched. */
  static fresh(spec: OpenSpec, driver: AgentDriver): HostGrip {
    const grip = new HostGrip(
      {
        host: spec.host,
        session: spec.session,
        spec: JSON.stringify(spec),
        decoderVersion: driver.decoderVersion,
        ingested: 0,
        replayFrom: 0,
        snapshot: null,
        inputEnd: 0,
        withheld: false,
      },
      driver,
    );
    grip.paused = false;
    return grip;
  }

  /** The row's creation, for the transaction that holds the intent. */
  intent(): HostChange {
    return {
      host: this.id,
      phase: 'intended',
      spec: JSON.stringify(this.spec),
      decoderVersion: this.driver.decoderVersion,
      ingested: 0,
      replayFrom: 0,
      snapshot: null,
    };
  }

  /**
   * Makes the agent's input hold these bytes. Without a host it does nothing: the bytes are in the store,
   * and attaching offers all of them.
   */
  write(offset: number, bytes: Uint8Array, failed: (message: string) => void): void {
    const { host } = this;
    if (host === null || this.#gap) return;
    this.queueWrite(() => host.write(offset, bytes), failed);
  }

  /**
   * Writes one after another. After a failure single writes are left out, because they would leave a gap,
   * until `offered` says that everything was offered again.
   */
  queueWrite(write: () => Promise<void>, failed: (message: string) => void): void {
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#gap = true;
      failed(String(error));
    });
  }

  offered(): void {
    this.#gap = false;
  }

  /** Whole lines that wait to be folded, at most `maxLines` and about a batch of bytes. */
  async lines(maxLines: number): Promise<readonly RawLine[]> {
    await this.#fill();
    const taken: RawLine[] = [];
    let bytes = 0;
    while (this.#waiting > 0 && taken.length < maxLines && bytes < limits.batchBytes) {
      const line = rawLine(this.id, this.#lines[this.#next++]!);
      bytes += line.bytes.length;
      taken.push(line);
    }
    return taken;
  }

  async #fill(): Promise<void> {
    if (this.host === null) return;
    while (this.#waiting === 0) {
      const over = this.exit !== null;
      const chunk = await this.host.read(this.#framer.offset, chunkBytes);
      if (chunk.length === 0) {
        if (over) this.#drain();
        return;
      }
      this.#queue(this.#framer.push(chunk));
    }
  }

  /** Lines that were cut and not given out yet. */
  get #waiting(): number {
    return this.#lines.length - this.#next;
  }

  #queue(lines: readonly Line[]): void {
    this.#lines = lines;
    this.#next = 0;
  }

  /** The agent has ended and everything is read: a last line without its newline is torn. */
  #drain(): void {
    if (this.#drained) return;
    this.#drained = true;
    const torn = this.#framer.end();
    this.torn = torn !== undefined;
    if (torn !== undefined) this.#queue([torn]);
  }

  /** Whether everything up to `offset` has been folded (a torn tail counts as read). */
  readTo(offset: number): boolean {
    return this.#waiting === 0 && this.#framer.offset >= offset;
  }

  /** The agent has ended, and everything that it wrote has been folded. */
  get drained(): boolean {
    return this.exit !== null && this.#waiting === 0 && (this.#drained || this.host === null);
  }

  /** Its end can be decided. */
  get finished(): boolean {
    return this.end !== null && this.drained;
  }

  /** Folds a decoded line; what it means comes out, unless an earlier daemon has stored it already. */
  fold(line: RawLine, state: DecoderState, events: readonly AgentEvent[]): readonly AgentInput[] {
    const inputs: AgentInput[] = [];
    for (const event of events) {
      const assembled = assemble(this.partials, event);
      this.partials = assembled.partials;
      inputs.push(...assembled.inputs);
    }
    this.decoder = state;
    this.position = line.to;
    return line.to <= this.suppressBelow ? [] : inputs;
  }

  /** The host is over: what is still open comes out as incomplete. */
  close(): readonly AgentInput[] {
    const flushed = flush(this.partials, true);
    this.partials = flushed.partials;
    return flushed.inputs;
  }

  /** So much was read since the last write that it is worth storing even without entries. */
  get lagging(): boolean {
    return this.position - Math.max(this.#ingested, this.suppressBelow) > limits.replayBytes / 4;
  }

  /** The offsets for this batch's transaction, with a snapshot where that is cheap or overdue. */
  change(phase?: 'ended'): HostChange {
    const ingested = Math.max(this.position, this.suppressBelow);
    const base = { host: this.id, ingested, ...(phase === undefined ? {} : { phase }) };
    const quiet =
      this.partials.texts.length === 0 &&
      this.partials.outputs.length === 0 &&
      this.partials.garbage === null;
    const overdue = this.position - this.#replayFrom > limits.replayBytes;
    if (this.position < this.suppressBelow || !(quiet || overdue)) return base;
    const snapshot: Snapshot = { decoder: this.decoder, partials: this.partials };
    const decoderVersion = this.driver.decoderVersion;
    return {
      ...base,
      replayFrom: this.position,
      snapshot: JSON.stringify(snapshot),
      decoderVersion,
    };
  }

  /** The change is committed. */
  stored(change: HostChange): void {
    this.#ingested = change.ingested ?? this.#ingested;
    this.#replayFrom = change.replayFrom ?? this.#replayFrom;
  }

  /** A point to come back to when a batch is refused. */
  mark(): GripMark {
    const { decoder, partials, position, inputEnd } = this;
    return { decoder, partials, position, inputEnd };
  }

  /** Takes back what was folded since the mark; the same lines are given out again. */
  rollback(mark: GripMark, lines: readonly RawLine[]): void {
    this.decoder = mark.decoder;
    this.partials = mark.partials;
    this.position = mark.position;
    this.inputEnd = mark.inputEnd;
    this.#queue([...lines.map(asLine), ...this.#lines.slice(this.#next)]);
  }
}

interface Snapshot {
  decoder: DecoderState;
  partials: Partials;
}

export interface GripMark {
  decoder: DecoderState;
  partials: Partials;
  position: number;
  inputEnd: number;
}

function rawLine(host: string, line: Line): RawLine {
  const { from, to } = line;
  if (line.kind === 'oversized') return { host, from, to, bytes: line.head, broken: 'oversized' };
  const torn = to - from === line.bytes.length;
  return { host, from, to, bytes: line.bytes, ...(torn ? { broken: 'torn' as const } : {}) };
}

function asLine(line: RawLine): Line {
  const { from, to, bytes } = line;
  if (line.broken === 'oversized') return { kind: 'oversized', from, to, head: bytes };
  return { kind: 'line', from, to, bytes };
}
