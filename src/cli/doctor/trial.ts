import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client } from '../../client/client.ts';
import type { EntryOf, FailureCategory } from '../../domain/entry.ts';
import type { AgentRow } from '../../protocol/operations/agents-list.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const question = 'Answer with the word ok and nothing else.';
const trialMs = 90_000;

type Tried = Pick<AgentRow, 'name' | 'title'>;
type End = EntryOf<'run_ended'>['data'];

/**
 * Asks an agent something trivial, in a session and an empty directory of its own that go again: only then is
 * it known whether its login, its model and the way there are as they should be.
 */
export async function tryAgent(client: Client, agent: Tried, usual: string): Promise<Finding> {
  const cwd = await mkdtemp(path.join(await realpath(tmpdir()), 'turnkeep-trial-'));
  try {
    const title = 'Trial of turnkeep doctor';
    const { session } = await client.sessions.create({
      cwd,
      agent: agent.name,
      title,
      prompt: question,
    });
    const end = await endOf(client, session.id);
    if (end === null) await client.sessions.abort({ session: session.id, force: true, wait: true });
    await client.sessions.delete({ session: session.id });
    return trialFinding(agent, usual, end);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

async function endOf(client: Client, session: string): Promise<End | null> {
  const signal = AbortSignal.timeout(trialMs);
  try {
    for await (const event of client.watch(session, { after: 0, signal })) {
      if (event.type === 'entry' && event.entry.kind === 'run_ended') return event.entry.data;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return null;
}

const advice: { readonly [C in FailureCategory]?: string } = {
  auth: 'Log in with its own program, or set its key where the daemon is started, and start that again.',
  limit: 'The account has no more to use for now: see its plan, or wait.',
  service: 'The service of its model does not work for now: try later.',
  connection: 'Look at the network, and at proxies where the daemon is started.',
  request: 'Its model may not be there for this account: choose another one.',
  launch: 'Start it by hand in an empty directory, and see what it says.',
};

export function trialFinding({ name, title }: Tried, usual: string, end: End | null): Finding {
  const check = `try ${name}`;
  const bad = name === usual ? fail : warn;
  if (end === null) {
    const todo = 'Start it by hand and ask it something: it may be trying again and again.';
    return bad(check, `${title} gave no answer within ${trialMs / 1000} s.`, todo);
  }
  if (end.outcome === 'completed') {
    return ok(check, `${title} answered after ${(end.durationMs / 1000).toFixed(1)} s`);
  }
  const { category, message } = end.error ?? { category: 'unknown', message: end.outcome };
  return bad(check, `${title} does not answer (${category}): ${message}`, advice[category]);
}
