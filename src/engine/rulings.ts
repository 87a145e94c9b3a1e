import type { AgentEvent } from '../domain/agent-event.ts';
import type { Ruling, Wanted } from '../domain/policy.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Policies } from '../ports/policies.ts';
import type { Batch, Rulings } from './batch.ts';

/** Asks the policy about what an agent asks for in a line, as the session is at that moment. */
export async function rulingsFor(
  { state }: Batch,
  events: readonly AgentEvent[],
  policies: Policies,
): Promise<Rulings> {
  const rulings = new Map<string, Ruling>();
  for (const event of events) {
    if (event.type !== 'approval') continue;
    const ruling = await rulingOn(event.wants, state, policies);
    if (ruling !== null) rulings.set(event.item, ruling);
  }
  return rulings;
}

/** What nobody can tell for certain is asked about, unless nothing is asked about now. */
async function rulingOn(
  wants: Wanted | undefined,
  state: SessionState,
  policies: Policies,
): Promise<Ruling | null> {
  if (wants !== undefined) return policies.rule(state, wants);
  if (state.policy.bypassUntil === null) return null;
  const ruling = await policies.rule(state, unknown);
  return ruling.rule === 'bypass' ? ruling : null;
}

/** Something of which nothing is known, so that every rule that guards may be about it. */
const unknown: Wanted = { tool: null, kind: 'other', command: '', locations: [], cwd: null };
