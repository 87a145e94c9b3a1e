import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '../client/client.ts';
import type { Rule } from '../domain/policy.ts';
import { RefusalError, refuse } from '../domain/refusal.ts';
import { findSession } from './connect.ts';
import { parseJson } from './editor.ts';
import type { Io } from './io.ts';

/** Options that say where rules stand. */
export interface PlaceOptions {
  session?: string;
  dir?: string;
  everywhere?: boolean;
}

/** Whose rules are meant: those of a session, of a directory, or with null those that hold everywhere. */
export type RulePlace = { session: string } | { directory: string | null };

export async function placeOf(
  io: Io,
  client: Client,
  { session, dir, everywhere }: PlaceOptions,
): Promise<RulePlace> {
  const given = [session, dir, everywhere].filter((one) => one !== undefined).length;
  if (given !== 1) {
    throw refuse('invalid', 'Say where: one of --session NAME, --dir DIR and --everywhere.');
  }
  if (session !== undefined) return { session: (await findSession(client, session)).id };
  return { directory: dir === undefined ? null : realDirectory(io, dir) };
}

/** The daemon knows directories by their real paths. What is not here it has to look for itself. */
export function realDirectory(io: Io, dir: string): string {
  const full = path.resolve(io.cwd, dir);
  try {
    return realpathSync(full);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return full;
    throw error;
  }
}

/** Rules as they stand; `revision` is null where none is counted. */
export interface RuleList {
  rules: readonly Rule[];
  revision: number | null;
}

export async function readRules(client: Client, place: RulePlace): Promise<RuleList> {
  if ('session' in place) {
    const { session } = await client.policy.get({ session: place.session });
    return { rules: (session?.rules ?? []) as Rule[], revision: null };
  }
  const { policies } = await client.policy.get();
  const row = policies.find(({ directory }) => directory === place.directory);
  return { rules: (row?.rules ?? []) as Rule[], revision: row?.revision ?? 0 };
}

/** Sets them, unless they were changed since they were read. */
export async function writeRules(
  client: Client,
  place: RulePlace,
  { rules, revision }: RuleList,
): Promise<readonly Rule[]> {
  if ('session' in place) {
    await client.sessions.patch({ session: place.session, policy: { rules: [...rules] } });
    return rules;
  }
  const { directory } = place;
  const guard = revision === null ? {} : { revision };
  return (await client.policy.set({ directory, rules: [...rules], ...guard })).rules as Rule[];
}

const tries = 5;

/** Changes them; where somebody else was faster, what they left is changed. */
export async function changeRules(
  client: Client,
  place: RulePlace,
  change: (rules: readonly Rule[]) => readonly Rule[],
): Promise<readonly Rule[]> {
  for (let attempt = 1; ; attempt += 1) {
    const { rules, revision } = await readRules(client, place);
    try {
      return await writeRules(client, place, { rules: change(rules), revision });
    } catch (error) {
      const late = error instanceof RefusalError && error.refusal.code === 'conflict';
      if (!late || attempt === tries) throw error;
    }
  }
}

/** A rule that allows what a person typed: words of a command, or a whole rule as JSON. */
export function ruleOf(text: string): Rule {
  if (!text.startsWith('{')) return { effect: 'allow', command: text };
  return parseJson(text, 'The rule') as Rule;
}
