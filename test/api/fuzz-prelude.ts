import type { DaemonProcess } from './daemon-process.ts';
import type { Known } from './fuzz-inputs.ts';
import type { Json, Rpc } from './harness.ts';

/** What the sessions of the prelude are told: to wait for an answer, to work on, or to be done. */
const prompts = ['ask', 'ask', 'hold', 'say', 'x'.repeat(100_000), 'ask', 'hold', 'say'];

const asking = ['s-0', 's-1', 's-5', 'agent:plain:k0', 'agent:plain:k1', 'agent:plain:k5'];

/** Names of sessions less those in which something waits for a decision. */
export function undecided({ session = [] }: Known): readonly string[] {
  return session.filter((name) => !asking.includes(name) && name !== 'AGENT:plain:k1');
}

/** Prompts that wait behind one that is worked on. */
const queued = Array.from({ length: 20 }, (_, n) => `q-${n}`);

/** Sessions in every state, and the names of all there is of them. */
export async function prelude(daemon: DaemonProcess): Promise<Known> {
  const rpc = await daemon.socket();
  const ask = async (method: string, params: object): Promise<Json> => {
    const { result, error } = await rpc.request(method, params);
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  };
  for (const [n, prompt] of prompts.entries()) {
    const named = { id: `s-${n}`, key: `agent:plain:k${n}`, title: `Title ${n}`, label: `l-${n}` };
    await ask('sessions.create', { ...named, meta: { n: `${n}` }, prompt, promptId: `p-${n}` });
  }
  await ask('sessions.create', { id: 's-empty' });
  for (const prompt of queued) {
    await ask('sessions.send', { session: 's-2', id: prompt, content: 'say' });
  }
  const approvals = await waiting(ask, prompts.filter((prompt) => prompt === 'ask').length);
  const { runs, next } = await ask('runs.list', { limit: 5 });
  const { next: cursor } = await ask('sessions.list', { limit: 1 });
  const { entries } = await ask('sessions.history', { session: 's-4', after: 0 });
  rpc.socket.terminate();
  return {
    ...names(daemon),
    approval: approvals.map(({ entry }: Json) => entry.id),
    run: runs.map(({ id }: Json) => id),
    entryId: entries.map(({ id }: Json) => id),
    expectedHead: entries.map(({ id }: Json) => id),
    digest: [digestIn(entries)],
    cursor: [next, cursor, `${cursor}x`, Buffer.from('["activity",1,2,3]').toString('base64url')],
  };
}

function names(daemon: DaemonProcess): Known {
  const ids = prompts.map((_, n) => `s-${n}`);
  const keys = prompts.map((_, n) => `agent:plain:k${n}`);
  const made = Array.from({ length: 10 }, (_, n) => `new-${n}`);
  const session = [
    ...asking,
    ...asking,
    ...ids,
    ...keys,
    ...made,
    's-empty',
    'AGENT:plain:k1',
    'nobody',
  ];
  return {
    session,
    parent: session,
    sessions: ids,
    id: [...ids, ...made, ...prompts.map((_, n) => `p-${n}`)],
    promptId: ['p-0', ...made],
    prompt: queued,
    before: queued,
    after: queued,
    key: [...keys, ...made.map((name) => `agent:plain:${name}`), 'agent:other:x'],
    name: [...ids, ...keys, 'Title 1', 'l-1', 's-', 'native-1', ...made],
    agent: ['plain', 'plain', 'PLAIN', 'nobody'],
    cwd: [daemon.cwd, daemon.cwd, daemon.state, `${daemon.cwd}/../work`, '/nowhere', 'work'],
    option: ['yes', 'no', 'maybe'],
    label: ['l-1', 'l-2'],
  };
}

/** The agents have asked what they were told to ask. */
async function waiting(ask: Rpc['request'], many: number): Promise<Json[]> {
  for (;;) {
    const { approvals } = await ask('approvals.list', {});
    if (approvals.length === many) return approvals;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function digestIn(entries: Json[]): string {
  const found = /"digest":"([0-9a-f]{64})","size"/.exec(JSON.stringify(entries))?.[1];
  if (found === undefined) throw new Error('The long prompt has no blob.');
  return found;
}
