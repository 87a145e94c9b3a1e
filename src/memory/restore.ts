import { createHash } from 'node:crypto';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

  /** What is there stays, with what is missing after it. */
  async #continue(path: string, target: string): Promise<string | null> {
    const { files, cwd } = this.#at;
    const found = await compareFiles(files, { ours: path, theirs: target });
    if (found.is === 'other') return 'its file is there and goes on otherwise';
    const moved = await isElsewhere(this.#at, target);
    if (found.missing === 0 && !moved) return null;
    const whole = { path: `${path}.whole`, waiting: '' };
    const add = async (text: string): Promise<void> => {
      whole.waiting += `${text}\n`;
      if (whole.waiting.length > waitingChars) await flush(whole);
    };
    for await (const { text, json } of linesOf(target)) {
      await add((json === null ? null : files.placed(json, cwd)) ?? text);
    }
    let at = 0;
    for await (const { text } of linesOf(path)) {
      if (found.missing > 0 && at >= found.from) await add(text);
      at += 1;
    }
    await flush(whole);
    await putFile(whole.path, target);
    return null;
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

/** Somebody may have written JSON over several lines; agents read one. */
function oneLine(text: string, json: JsonObject): string {
  return /[\r\n]/.test(text) ? JSON.stringify(json) : text;
}

async function flush(draft: { path: string; waiting: string }): Promise<void> {
  const { path, waiting } = draft;
  draft.waiting = '';
  await appendFile(path, waiting, { mode: fileMode });
}
