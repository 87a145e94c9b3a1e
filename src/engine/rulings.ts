import type { AgentEvent } from '../domain/agent-event.ts';
import type { Policies } from '../ports/policies.ts';
import type { Batch, Rulings } from './batch.ts';

/** Asks the policy about what an agent asks for in a line, as the session is at that moment. */
export async function rulingsFor(
  { state }: Batch,
  events: readonly AgentEvent[],
  policies: Policies,
): Promise<Rulings> {
  const rulings = new Map();
  for (const event of events) {
    if (event.type !== 'approval' || event.wants === undefined) continue;
    rulings.set(event.item, await policies.rule(state, event.wants));
  }
  return rulings;
}
