import { isObject } from '../../domain/json.ts';
import { memberOf, type PiLine, piVersion } from './format.ts';

/**
 * Brings the lines of older files to version 3. Version 1 is linear: each entry gets an id, derived from
 * what it says and where it stands, and the entry before it as its parent. Version 2 calls the role
 * `custom` `hookMessage`.
 */
export class Migration {
  readonly #version: number;
  readonly #sha256: (text: string) => string;
  /** Ids by their place in the file, of version 1 only. */
  readonly #ids: string[] = [''];
  #previous: string | null = null;

  constructor(version: number, sha256: (text: string) => string) {
    this.#version = version;
    this.#sha256 = sha256;
  }

  header(line: PiLine): PiLine {
    return this.#version >= piVersion ? line : { ...line, version: piVersion };
  }

  entry(line: PiLine): PiLine {
    const renamed = this.#version < 3 ? renameRole(line) : line;
    return this.#version < 2 ? this.#link(renamed) : renamed;
  }

  #link(line: PiLine): PiLine {
    const id = this.#sha256(JSON.stringify([this.#ids.length, line])).slice(0, 16);
    this.#ids.push(id);
    const parentId = this.#previous;
    this.#previous = id;
    const { firstKeptEntryIndex: kept, ...rest } = line;
    const linked = { ...rest, id, parentId };
    const first = typeof kept === 'number' && kept > 0 ? this.#ids[kept] : undefined;
    return first === undefined ? linked : { ...linked, firstKeptEntryId: first };
  }
}

function renameRole(line: PiLine): PiLine {
  const { message } = line;
  if (!isObject(message) || memberOf(message, 'role') !== 'hookMessage') return line;
  return { ...line, message: { ...message, role: 'custom' } };
}
