import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { appendFile, type FileHandle, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { JsonObject } from '../domain/json.ts';
import type { MemoryLine, Restored } from '../ports/memories.ts';
import { compareFiles } from './compare.ts';
import { fileMode, kindAt, makeFolder, putFile } from './folder.ts';
import { linesOf, objectOf } from './lines.ts';
import type { Whereabouts } from './whereabouts.ts';

/** What is kept beside a file is small; more is none of the agent's. */
const besideChars = 64 * 1024;
/** Text that waits to be written; so no file is held open, however many a session has. */
const waitingChars = 64 * 1024;
/** Of a file that somebody writes to while it is compared. */
const mostTries = 8;
const lineEnd = 0x0a;

/**
 * Writes each file of the session beside its place, then puts them there, the main one last: as long as that
 * is missing there is nothing to go on with, and it is all done again.
 */
export async function restoreFiles(
  at: Whereabouts,
  lines: AsyncIterable<MemoryLine>,
): Promise<Restored> {
  const drafts = new Drafts(at);
  try {
    if (!(await drafts.open())) return left('its folder is a link or no folder');
    for await (const line of lines) await drafts.add(line);
    return await drafts.put();
  } finally {
    await drafts.close();
  }
}

function left(reason: string): Restored {
  return { restored: false, reason };
}

interface Draft {
  file: string;
  /** Beneath the agent's folder. */
  place: string;
  path: string;
  waiting: string;
  named: number;
  beside: Map<string, string>;
}

class Drafts {
  readonly #at: Whereabouts;
  /** Never a folder that an agent looks into: no file in it is named as one of theirs. */
  readonly #folder: string;
  readonly #drafts = new Map<string, Draft | null>();

  constructor(at: Whereabouts) {
    this.#at = at;
    const name = createHash('sha256').update(at.nativeId).digest('hex').slice(0, 16);
    this.#folder = join(at.folder, `.turnkeep-${name}`);
  }

  async open(): Promise<boolean> {
    await rm(this.#folder, { recursive: true, force: true });
    return makeFolder(this.#at.folder, join(this.#name, 'draft'));
  }

  get #name(): string {
    return this.#folder.slice(this.#at.folder.length + 1);
  }

  async add({ file, text }: MemoryLine): Promise<void> {
    const json = objectOf(text);
    // What a hook has withheld.
    if (json === null) return;
    const draft = await this.#draft(file);
    if (draft === null) return;
    const { files, cwd } = this.#at;
    const beside = files.beside(json);
    if (beside !== null) {
      if (beside.text.length <= besideChars) draft.beside.set(beside.suffix, beside.text);
      return;
    }
    if (files.nameOf(json) !== null) draft.named += 1;
    draft.waiting += `${files.placed(json, cwd) ?? oneLine(text, json)}\n`;
    if (draft.waiting.length > waitingChars) await flush(draft);
  }

  async #draft(file: string): Promise<Draft | null> {
    const known = this.#drafts.get(file);
    if (known !== undefined) return known;
    const { files, ...session } = this.#at;
    const place = files.placeOf(session, file);
    const path = join(this.#folder, String(this.#drafts.size));
    const nothing = { named: 0, waiting: '', beside: new Map<string, string>() };
    const draft = place === null ? null : { file, place, path, ...nothing };
    this.#drafts.set(file, draft);
    return draft;
  }

  async put(): Promise<Restored> {
    const drafts = [...this.#drafts.values()].filter((draft) => draft !== null);
    const main = drafts.filter((draft) => this.#isMain(draft));
    if (!main.some(({ named }) => named > 0)) return left('the log has nothing of its own memory');
    for (const draft of drafts) if (!this.#isMain(draft)) await this.#put(draft);
    for (const draft of main) {
      const reason = await this.#put(draft);
      if (reason !== null) return left(reason);
    }
    return { restored: true };
  }

  /** Without which the agent has no conversation: that of the session, not of a sub-agent. */
  #isMain({ file }: Draft): boolean {
    const { files, nativeId } = this.#at;
    return file === '' || files.fileAt(`${file}.jsonl`, nativeId) !== null;
  }

  /** Null, or why what is there was left. */
  async #put(draft: Draft): Promise<string | null> {
    await flush(draft);
    const { place, path, beside } = draft;
    const { folder } = this.#at;
    const target = join(folder, place);
    if (!(await makeFolder(folder, place))) return 'a folder of its files is a link or no folder';
    const reason = await this.#settle(path, target);
    if (reason !== null) return reason;
    for (const [suffix, text] of beside) {
      const besides = target.replace(/\.jsonl$/, suffix);
      if ((await kindAt(besides)) !== 'nothing') continue;
      await writeFile(`${path}${suffix}`, text, { flag: 'wx', mode: fileMode });
      await putFile(`${path}${suffix}`, besides);
    }
    return null;
  }

  async #settle(path: string, target: string): Promise<string | null> {
    switch (await kindAt(target)) {
      case 'nothing':
        await putFile(path, target);
        return null;
      case 'file':
        return this.#continue(path, target);
      case 'folder':
      case 'other':
        return 'something that is no file is in the place of its file';
    }
  }

  /** What is there stays, with what is missing after it; somebody may write to it at this moment. */
  async #continue(path: string, target: string): Promise<string | null> {
    const there = await open(target, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      for (let tries = 0; tries < mostTries; tries++) {
        const { size } = await there.stat();
        const done = await this.#goOn(path, target, async () => (await there.stat()).size === size);
        if (done === 'again') continue;
        // What was written to the old one before nobody could find it any more.
        if (done === 'moved') await copyTail(there, size, target);
        return typeof done === 'object' ? done.left : null;
      }
      return 'its file is being written to';
    } finally {
      await there.close();
    }
  }

  /** `again`: it was written to meanwhile, and nothing was done; `moved`: a new file is in its place. */
  async #goOn(
    path: string,
    target: string,
    isStill: () => Promise<boolean>,
  ): Promise<'done' | 'moved' | 'again' | { left: string }> {
    const { files, cwd } = this.#at;
    const found = await compareFiles(files, { ours: path, theirs: target });
    if (found.is === 'other') return { left: 'its file is there and goes on otherwise' };
    const { missing, from } = found;
    if (!(await isElsewhere(this.#at, target))) {
      if (missing === 0) return 'done';
      if (!(await isStill())) return 'again';
      await appendLines(target, missingLines(path, from));
      return 'done';
    }
    // Only a new file can say another directory.
    const whole = `${path}.whole`;
    await rm(whole, { force: true });
    await writeFile(whole, '', { flag: 'wx', mode: fileMode });
    await appendLines(whole, placedLines(files, target, cwd));
    if (missing > 0) await appendLines(whole, missingLines(path, from));
    if (!(await isStill())) return 'again';
    await putFile(whole, target);
    return 'moved';
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A line of what is there names another directory. */
async function isElsewhere({ files, cwd }: Whereabouts, path: string): Promise<boolean> {
  for await (const { text, json } of linesOf(path)) {
    const placed = json === null ? null : files.placed(json, cwd);
    if (placed !== null && placed !== text) return true;
  }
  return false;
}

/** Lines of ours from one on. */
async function* missingLines(path: string, from: number): AsyncGenerator<string> {
  let at = 0;
  for await (const { text } of linesOf(path)) {
    if (at >= from) yield text;
    at += 1;
  }
}

async function* placedLines(
  files: Whereabouts['files'],
  path: string,
  cwd: string,
): AsyncGenerator<string> {
  for await (const { text, json } of linesOf(path)) {
    yield (json === null ? null : files.placed(json, cwd)) ?? text;
  }
}

/** Adds whole lines to what is there and changes nothing of it, whoever else writes. */
async function appendLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const handle = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW);
  try {
    let waiting = (await isCutOff(handle)) ? '\n' : '';
    for await (const line of lines) {
      waiting += `${line}\n`;
      if (waiting.length <= waitingChars) continue;
      await handle.appendFile(waiting);
      waiting = '';
    }
    await handle.appendFile(waiting);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What was cut off at the end would make the next line unreadable. */
async function isCutOff(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== lineEnd;
}

async function copyTail(from: FileHandle, at: number, to: string): Promise<void> {
  const { size } = await from.stat();
  if (size <= at) return;
  const { buffer, bytesRead } = await from.read(Buffer.alloc(size - at), 0, size - at, at);
  const tail = buffer.toString('utf8', 0, bytesRead).replace(/\n$/, '');
  await appendLines(to, Readable.from([tail]));
}

/** Somebody may have written JSON over several lines; agents read one. */
function oneLine(text: string, json: JsonObject): string {
  return /[\r\n]/.test(text) ? JSON.stringify(json) : text;
}

async function flush(draft: { path: string; waiting: string }): Promise<void> {
  const { path, waiting } = draft;
  draft.waiting = '';
  await appendFile(path, waiting, { mode: fileMode });
}
