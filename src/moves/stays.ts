import type { Stays } from '../domain/move.ts';
import { isWithin } from '../domain/policy.ts';
import { secretNames } from '../domain/settings.ts';
import type { Engine } from '../engine/engine.ts';

/** What of a session does not go along when it moves. */
export async function staysOf(session: string, engine: Engine): Promise<Stays> {
  const { row, settings } = await engine.get(session);
  const rules = (await engine.policies.list())
    .filter(({ directory }) => directory === null || isWithin(row.cwd, directory))
    .reduce((sum, policy) => sum + policy.rules.length, 0);
  return {
    secrets: [...secretNames(settings)],
    directories: settings.additionalDirs,
    rules,
    parent: row.parent,
    base: row.forkedFrom?.session ?? null,
  };
}
