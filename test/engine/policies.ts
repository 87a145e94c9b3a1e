import { StoredPolicies } from '../../src/app/policies.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Policies } from '../../src/ports/policies.ts';
import type { Store } from '../../src/ports/store.ts';

/** The real policies, with a state directory that is on no path. */
export function policiesOf(
  store: Store,
  clock: Clock,
  stateDirectory = '/nowhere/state',
): Policies {
  return new StoredPolicies({ store: store.policies, clock, stateDirectory, log: () => undefined });
}
