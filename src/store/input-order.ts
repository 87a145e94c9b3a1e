import type { HostChange, HostInput } from '../ports/store.ts';
import type { WireBatch } from './wire.ts';

export interface HostFacts {
  host(host: string): { session: string; inputEnd: number } | undefined;
  /** Whether these bytes are stored at their offset already. */
  sameInput(input: HostInput): boolean;
}

export interface InputFlaw {
  field: 'hosts' | 'inputs';
  message: string;
}

function changeFlaw(change: HostChange, session: string, facts: HostFacts): InputFlaw | undefined {
  const host = facts.host(change.host);
  if (host !== undefined) {
    if (host.session === session) return undefined;
    return { field: 'hosts', message: `Host ${change.host} belongs to another session.` };
  }
  if (change.phase !== 'intended')
    return { field: 'hosts', message: `There is no host ${change.host}.` };
  if (change.spec !== undefined) return undefined;
  return { field: 'hosts', message: `A new host needs its spec: ${change.host}.` };
}

/**
 * Inputs continue exactly where the stored ones end; bytes that are stored already may be offered again
 * when they are equal. A gap or an overlap would tear what the agent reads.
 */
export function inputFlaw(batch: WireBatch, facts: HostFacts): InputFlaw | undefined {
  const made = new Set<string>();
  for (const change of batch.hosts) {
    const flaw = made.has(change.host) ? undefined : changeFlaw(change, batch.session, facts);
    if (flaw !== undefined) return flaw;
    made.add(change.host);
  }
  const ends = new Map<string, number>();
  for (const input of batch.inputs) {
    const host = facts.host(input.host);
    const created = host === undefined && made.has(input.host);
    if (!created && host?.session !== batch.session) {
      return { field: 'inputs', message: `The session has no host ${input.host}.` };
    }
    const end = ends.get(input.host) ?? host?.inputEnd ?? 0;
    if (input.offset === end) {
      ends.set(input.host, end + input.bytes.byteLength);
    } else if (input.offset > end || !facts.sameInput(input)) {
      const message = `Input of host ${input.host} at ${input.offset} does not continue at ${end}.`;
      return { field: 'inputs', message };
    }
  }
  return undefined;
}
