import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { limits } from '../domain/limits.ts';
import type { Rule, Ruling, Wanted } from '../domain/policy.ts';
import { refuse } from '../domain/refusal.ts';
import { within } from '../engine/within.ts';
import { explain, judge, pathsOf } from '../policy/judge.ts';
import type { Ground } from '../policy/place.ts';
import { faultOf, type Policy } from '../policy/rule.ts';
import { suggest } from '../policy/suggest.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  Guarded,
  Policies,
  PolicyChangeRow,
  PolicyRow,
  RuledPart,
} from '../ports/policies.ts';
import type { PolicyStore } from '../ports/store.ts';

interface Parts {
  store: PolicyStore;
  clock: Clock;
  /** The state directory, by its real path. */
  stateDirectory: string;
  log: (event: string, data: object) => void;
  /** Where a path leads; the disk's own answer unless a test gives another. */
  realOf?: (path: string) => Promise<string | null>;
}

/** Of one question so many paths are looked up, and all of them in this time; the others are not known. */
const mostPaths = 512;
const lookMs = 2000;
/** Questions that wait for a file system that does not answer; then no path is looked up until one is done. */
const mostLate = 2;

/** The rules of directories as the store has them, asked with what the disk is like at the moment. */
export class StoredPolicies implements Policies {
  readonly #parts: Parts;
  readonly #realOf: (path: string) => Promise<string | null>;
  #rows: Promise<readonly PolicyRow[]> | null = null;
  #late = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#realOf = parts.realOf ?? realOf;
  }

  async rule(session: Guarded, wanted: Wanted): Promise<Ruling> {
    try {
      const [policy, ground] = await this.#look(session, wanted);
      return judge(wanted, policy, ground);
    } catch (error) {
      this.#parts.log('policy', { message: String(error) });
      return { effect: 'ask', level: null, rule: 'none', why: 'the policy could not be asked' };
    }
  }

  async explain(
    session: Guarded,
    wanted: Wanted,
  ): Promise<{ verdict: Ruling; parts: readonly RuledPart[] }> {
    const [policy, ground] = await this.#look(session, wanted);
    return explain(wanted, policy, ground);
  }

  async suggest(session: Guarded, wanted: Wanted): Promise<readonly Rule[]> {
    const [, ground] = await this.#look(session, wanted);
    return suggest(wanted, ground);
  }

  check(rules: readonly Rule[], field: string): void {
    for (const [at, rule] of rules.entries()) {
      const fault = faultOf(rule);
      if (fault !== null) throw refuse('invalid', fault, { field: `${field}.${at}` });
    }
  }

  list(): Promise<readonly PolicyRow[]> {
    this.#rows ??= this.#parts.store.list().catch((error: unknown) => {
      this.#rows = null;
      throw error;
    });
    return this.#rows;
  }

  async set(change: PolicyChangeRow): Promise<PolicyRow> {
    const directory = await this.#real(change);
    try {
      return await this.#parts.store.set({ ...change, directory });
    } finally {
      this.#rows = null;
    }
  }

  changed(): void {
    this.#rows = null;
  }

  /** Rules are found by the real paths of their directories; those of one that is gone can be taken away. */
  async #real({ directory, rules }: PolicyChangeRow): Promise<string | null> {
    if (directory === null) return null;
    const real = directory.startsWith('/') ? await realDirectory(directory) : null;
    if (real !== null) return real;
    const known = rules.length === 0 ? await this.list() : [];
    if (known.some((row) => row.directory === directory)) return directory;
    const message = `${directory} is no absolute path of a directory that exists.`;
    throw refuse('invalid', message, { field: 'directory' });
  }

  async #look({ cwd, policy }: Guarded, wanted: Wanted): Promise<[Policy, Ground]> {
    const { clock, stateDirectory } = this.#parts;
    const [rows, realPaths] = await Promise.all([this.list(), this.#realPaths(wanted)]);
    const { rules, autoAcceptEdits, bypassUntil } = policy;
    const ofAll = rows.find((row) => row.directory === null)?.rules ?? [];
    const all: Policy = {
      session: {
        rules,
        edits: autoAcceptEdits,
        bypass: bypassUntil === null ? null : { until: Date.parse(bypassUntil) },
      },
      directories: rows.flatMap(({ directory, rules: own }) =>
        directory === null ? [] : [{ path: directory, rules: own }],
      ),
      global: { rules: ofAll },
    };
    return [all, { now: clock.now(), root: cwd, stateDirectory, realPaths }];
  }

  /** A file system that does not answer leaves its paths unknown: they are asked about. */
  async #realPaths(wanted: Wanted): Promise<Ground['realPaths']> {
    if ((wanted.command?.length ?? 0) > limits.policyCommandChars) return new Map();
    const paths = this.#late < mostLate ? pathsOf(wanted).slice(0, mostPaths) : [];
    const found = new Map<string, string | null>();
    const look = this.#lookAll(paths, found);
    if (await within(look.done, lookMs, this.#parts.clock)) return found;
    look.stop();
    this.#late += 1;
    void look.done.finally(() => (this.#late -= 1));
    return new Map(found);
  }

  /** One after another: a path that hangs holds one of the few threads that there are for files. */
  #lookAll(
    paths: readonly string[],
    found: Map<string, string | null>,
  ): { done: Promise<void>; stop: () => void } {
    let stopped = false;
    const look = async (): Promise<void> => {
      for (const path of paths) {
        if (stopped) return;
        found.set(path, await this.#realOf(path));
      }
    };
    return { done: look(), stop: () => (stopped = true) };
  }
}

async function realDirectory(directory: string): Promise<string | null> {
  const real = await realpath(directory).catch(() => null);
  return real !== null && (await lstat(real)).isDirectory() ? real : null;
}

/** The real path; of what does not exist that of its nearest directory, with the rest as it is. */
async function realOf(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === '/') return null;
    // A link to nothing would be written through.
    const link = await lstat(path).catch(() => undefined);
    if (link !== undefined) return null;
    const folder = await realOf(dirname(path));
    return folder === null ? null : join(folder, basename(path));
  }
}
