// Conversations, so that a session can be loaded by another process.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Params } from './connection.ts';

/** One line of a conversation's file. */
export type MemoryRecord =
  | { readonly type: 'session'; readonly cwd: string }
  | { readonly type: 'turn' }
  | { readonly type: 'update'; readonly update: Params }
  | { readonly type: 'usage'; readonly used: number; readonly cost: number };

export interface Memory {
  append(sessionId: string, record: MemoryRecord): void;
  /** Nothing for a session that is not known. */
  read(sessionId: string): readonly MemoryRecord[] | undefined;
}

export function openMemory(folder: string | undefined): Memory {
  return folder === undefined ? new ProcessMemory() : new FileMemory(folder);
}

/** Without a store folder: ends with the process. */
class ProcessMemory implements Memory {
  readonly #conversations = new Map<string, MemoryRecord[]>();

  append(sessionId: string, record: MemoryRecord): void {
    const known = this.#conversations.get(sessionId);
    if (known === undefined) this.#conversations.set(sessionId, [record]);
    else known.push(record);
  }

  read(sessionId: string): readonly MemoryRecord[] | undefined {
    return this.#conversations.get(sessionId);
  }
}

/** FOLDER/<session id>.jsonl */
class FileMemory implements Memory {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  append(sessionId: string, record: MemoryRecord): void {
    appendFileSync(this.#file(sessionId), JSON.stringify(record) + '\n', { mode: 0o600 });
  }

  read(sessionId: string): readonly MemoryRecord[] | undefined {
    // The id comes from the client and becomes a file name.
    if (!/^[\w-][\w.-]*$/.test(sessionId)) return undefined;
    const file = this.#file(sessionId);
    if (!existsSync(file)) return undefined;
    const text = readFileSync(file, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    // A kill in mid-line leaves a torn end, to which nothing may be appended.
    if (whole.length < text.length) writeFileSync(file, whole);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as MemoryRecord);
  }

  #file(sessionId: string): string {
    return path.join(this.#folder, `${sessionId}.jsonl`);
  }
}
