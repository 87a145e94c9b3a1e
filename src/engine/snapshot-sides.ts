import type { ToolCall } from '../domain/content.ts';
import {
  type BeforeFrom,
  changeBetween,
  type FileSide,
  isKnown,
  leftAs,
  sameSide,
  type Snapshot,
} from '../domain/snapshot.ts';
import type { Clock } from '../ports/clock.ts';
import type { FoundFile } from '../ports/files.ts';
import type { Store } from '../ports/store.ts';
import type { ToldFile } from './told-files.ts';

const unknown = { state: 'unread', reason: 'unknown' } as const;

/** Keeps contents of files, and makes the sides of snapshots of them. */
export class Sides {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  async ofFound(found: FoundFile): Promise<FileSide> {
    if (found.state !== 'file') return found;
    const { bytes, digest, binary, mode } = found;
    const blob = await this.#store.putBlob(bytes, digest);
    return { state: 'file', blob, mode, ...(binary ? { binary: true as const } : {}) };
  }

  /** What a snapshot of it would say, without keeping its content. */
  static ofBytes(found: FoundFile): FileSide {
    if (found.state !== 'file') return found;
    const { digest, bytes, mode } = found;
    return { state: 'file', blob: { digest, size: bytes.byteLength }, mode };
  }

  async ofText(text: string | null): Promise<FileSide> {
    if (text === null) return { state: 'absent' };
    const bytes = new TextEncoder().encode(text);
    const blob = await this.#store.putBlob(bytes, this.#clock.sha256(bytes));
    return { state: 'file', blob, ...(text.includes('\0') ? { binary: true as const } : {}) };
  }

  /** The text of a side; undefined where it has none. */
  async textOf(side: FileSide | undefined): Promise<string | null | undefined> {
    if (side?.state === 'absent') return null;
    if (side?.state !== 'file' || side.binary === true || side.partial === true) return undefined;
    const bytes = await this.#store.getBlob(side.blob.digest);
    return bytes && new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  }
}

/** What is known of a file when its call has ended. */
export interface Evidence {
  asked: FileSide | undefined;
  last: Snapshot | undefined;
  told: ToldFile | undefined;
  disk: FileSide;
  /** The agent has called another tool on the same file since. */
  goneOn: boolean;
}

/** A snapshot of a file that a call may have written. */
export async function writtenSnapshot(
  path: string,
  toolCall: ToolCall,
  { evidence, sides }: { evidence: Evidence; sides: Sides },
): Promise<Snapshot | undefined> {
  const { disk } = evidence;
  const told = await believed(evidence, sides);
  const [before, beforeFrom] = await beforeOf(evidence, told, sides);
  // A call that was refused or failed, of a file of which nothing is known: there is nothing to tell.
  if (beforeFrom === 'unknown' && toolCall.status !== 'completed') return undefined;
  const [after, afterFrom] = await afterOf(evidence, { before, told, toolCall, sides });
  const untold = after.state === 'unread' && after.reason === 'unknown';
  if (beforeFrom === 'unknown' && untold) return undefined;
  const change = changeBetween(before, after);
  const gone = change === 'unknown' && after.state === 'absent' && disk.state === 'absent';
  const removes = toolCall.kind === 'delete' && toolCall.status === 'completed';
  return {
    path,
    change: gone && removes ? 'deleted' : change,
    before,
    beforeFrom,
    after,
    afterFrom,
  };
}

/** What the agent tells where it is of all of the file, by its own word or because a text of it is. */
async function believed(
  { asked, last, told, disk }: Evidence,
  sides: Sides,
): Promise<ToldFile | undefined> {
  if (told === undefined || told.whole) return told;
  // The text of a new file is all of it.
  if (told.before === null) return { ...told, whole: true };
  const known = await sides.textOf(asked ?? (last && leftAs(last)));
  const isBefore = known !== undefined && told.before !== undefined && known === told.before;
  const isAfter = told.after !== undefined && (await sides.textOf(disk)) === told.after;
  return isBefore || isAfter ? { ...told, whole: true } : undefined;
}

async function beforeOf(
  { asked, last }: Evidence,
  told: ToldFile | undefined,
  sides: Sides,
): Promise<[FileSide, BeforeFrom]> {
  if (asked !== undefined && isKnown(asked)) return [asked, 'asked'];
  const chained = last && leftAs(last);
  const isChain = chained !== undefined && isKnown(chained);
  // That there was nothing say some agents who have not looked.
  if (told?.before !== undefined && !(told.before === null && isChain)) {
    // Agents tell texts with line ends of their own; what was read is exact.
    const same = isChain && alike(await sides.textOf(chained), told.before);
    return same ? [chained, 'chained'] : [await sides.ofText(told.before), 'reported'];
  }
  if (isChain) return [chained, 'chained'];
  return [asked ?? unknown, asked === undefined ? 'unknown' : 'asked'];
}

interface Telling {
  before: FileSide;
  told: ToldFile | undefined;
  toolCall: ToolCall;
  sides: Sides;
}

/** The disk tells, unless the agent is known to have gone on: then what it said it wrote. */
async function afterOf(
  { disk, goneOn }: Evidence,
  { before, told, toolCall, sides }: Telling,
): Promise<[FileSide, 'reported' | 'disk']> {
  if (told?.after === undefined || toolCall.status !== 'completed') {
    // What is there may be of the later call, unless nothing has changed at all.
    return [goneOn && !sameSide(before, disk) ? unknown : disk, 'disk'];
  }
  const found = await sides.textOf(disk);
  if (found === told.after) return [disk, 'reported'];
  if (!goneOn || alike(found, told.after)) return [disk, 'disk'];
  const after = await sides.ofText(told.after);
  return [after, 'reported'];
}

/** Whether two texts are the same but for their line ends and a mark of their encoding. */
function alike(one: string | null | undefined, other: string | null): boolean {
  if (one === null || other === null || one === undefined) return one === other;
  return plain(one) === plain(other);
}

function plain(text: string): string {
  return text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
}

interface FoundRead {
  disk: FileSide;
  /** The agent has called a tool since that writes the same file. */
  goneOn: boolean;
  /** How the file was left before, where something is known of that. */
  left: FileSide | undefined;
  sides: Sides;
  /** What the agent got of it. */
  part: string | undefined;
}

/**
 * A snapshot of a file that was read. Of one that is too large, or that the agent has gone on with before it was
 * looked at, it is what the agent got.
 */
export async function readSnapshot(
  path: string,
  toolCall: ToolCall,
  { disk, goneOn, left, sides, part }: FoundRead,
): Promise<Snapshot | undefined> {
  if (toolCall.status !== 'completed') return undefined;
  if (disk.state === 'unread' && disk.reason === 'directory') return undefined;
  const outside = disk.state === 'unread' && disk.reason === 'outside';
  const overtaken = goneOn && !outside;
  if (overtaken && left !== undefined && isKnown(left)) {
    return { path, change: 'read', before: left, beforeFrom: 'chained' };
  }
  const large = disk.state === 'unread' && disk.reason === 'large';
  if (!overtaken && !(large && part !== undefined)) {
    return { path, change: 'read', before: disk, beforeFrom: 'disk' };
  }
  // Who looked late found what a later call had made of it.
  if (part === undefined) return undefined;
  const before = await sides.ofText(part);
  if (before.state !== 'file') return undefined;
  return { path, change: 'read', before: { ...before, partial: true }, beforeFrom: 'reported' };
}
