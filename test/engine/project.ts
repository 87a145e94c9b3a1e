import { Buffer } from 'node:buffer';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { FileSide } from '../../src/domain/snapshot.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Turn } from '../../src/testing/index.ts';

/** What a directory holds: by path, each file as its permissions and bytes, each link as what it says. */
export type Copy = ReadonlyMap<string, string>;

/** A directory to work in, and plain copies of it. */
export class Project {
  readonly dir: string;

  constructor() {
    this.dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'turnkeep-project-')));
    onTestFinished(() => rmSync(this.dir, { recursive: true, force: true }));
  }

  at(name: string): string {
    return path.join(this.dir, name);
  }

  write(name: string, content: string | Uint8Array, mode?: number): void {
    mkdirSync(path.dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), content);
    if (mode !== undefined) chmodSync(this.at(name), mode);
  }

  link(name: string, target: string): void {
    mkdirSync(path.dirname(this.at(name)), { recursive: true });
    rmSync(this.at(name), { force: true });
    symlinkSync(target, this.at(name));
  }

  remove(name: string): void {
    rmSync(this.at(name), { force: true });
  }

  copy(): Copy {
    const found = new Map<string, string>();
    for (const item of readdirSync(this.dir, { recursive: true }) as string[]) {
      const told = shape(this.at(item));
      if (told !== null) found.set(this.at(item), told);
    }
    return found;
  }
}

/** A file as a line of text; null for what is none. */
function shape(file: string): string | null {
  const stat = lstatSync(file);
  if (stat.isSymbolicLink()) return `link ${readlinkSync(file)}`;
  if (!stat.isFile()) return null;
  return fileText(readFileSync(file), stat.mode & 0o7777);
}

function fileText(bytes: Uint8Array, mode: number | undefined): string {
  return `file ${mode?.toString(8) ?? '?'} ${Buffer.from(bytes).toString('base64')}`;
}

/** The side of a snapshot as a copy has it; undefined for nothing at all. */
export async function sideText(store: Store, side: FileSide): Promise<string | undefined> {
  if (side.state === 'absent') return undefined;
  if (side.state === 'link') return `link ${side.target}`;
  if (side.state === 'unread') return `unread ${side.reason}`;
  const bytes = await store.getBlob(side.blob.digest);
  return bytes === undefined ? 'its blob is gone' : fileText(bytes, side.mode);
}

/** The same line without permissions, which nobody tells of a text. */
export function bare(text: string | undefined): string | undefined {
  return text?.replace(/^file \S+/, 'file');
}

/** Tool calls of a plain agent. */
export class Calls {
  readonly #turn: Turn;
  static #count = 0;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  static next(): string {
    return `call-${(Calls.#count += 1)}`;
  }

  print(call: string, kind: string, status: string, more: object = {}): void {
    const toolCall = { call, title: `${kind} ${call}`, kind, status, ...more };
    this.#turn.print({ type: 'tool_call', toolCall });
  }

  ask(call: string, kind: string, more: object = {}): void {
    const toolCall = { call, title: `${kind} ${call}`, kind, status: 'pending', ...more };
    const options = [
      { id: 'yes', name: 'Allow', kind: 'allow_once' },
      { id: 'no', name: 'Reject', kind: 'reject_once' },
    ];
    this.#turn.print({ type: 'approval', request: `ask-${call}`, title: call, toolCall, options });
  }
}
