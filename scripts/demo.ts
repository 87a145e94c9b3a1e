// The demo: a session is streaming, its daemon is killed with SIGKILL in mid-sentence, started again, and
// nothing is lost or doubled. Everything happens in a fresh directory that is removed at the end.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import colours from 'picocolors';
import type { Entry } from '../src/domain/entry.ts';
import { nodeClient } from '../src/client/node/index.ts';
import type { Client } from '../src/client/index.ts';
import { type DemoDaemon, startDemoDaemon } from './demo/daemon-process.ts';
import { Narrator } from './demo/narrator.ts';
import { prove } from './demo/proof.ts';

const prompt = [
  '[[title A letter that survives]]',
  '[[think The file comes first, then the story. Each word is in the spool before anybody sees it.]]',
  '[[say I will write the letter, show it to you, and then tell you how it ends.\\n\\n]]',
  '[[write letter.md|# A letter\\n\\nDear reader,\\n]]',
  '[[edit letter.md|Dear reader,|Dear reader,\\n\\nnothing of this was lost.]]',
  '[[ask run cat letter.md]]',
  '[[pace 22]]',
  '[[long 1500|7]]',
  '[[say \\n\\nThat was the end of the letter.]]',
].join(' ');

const killAfterUnits = 450;

async function demo(): Promise<boolean> {
  const state = await mkdtemp(join(tmpdir(), 'turnkeep-demo-'));
  const work = await mkdtemp(join(tmpdir(), 'turnkeep-demo-work-'));
  const story = new Narrator();
  let daemon: DemoDaemon | null = null;
  try {
    story.title('Turnkeep: the session server that cannot lose a turn');
    daemon = await startDemoDaemon(state);
    story.step(
      `a daemon is up, process ${daemon.pid}; it runs the built-in agent, no key is needed`,
    );
    const proven = await play({ state, work, story, first: daemon, next: (it) => (daemon = it) });
    return proven;
  } finally {
    await daemon?.stop();
    await rm(state, { recursive: true, force: true });
    await rm(work, { recursive: true, force: true });
  }
}

interface Stage {
  state: string;
  work: string;
  story: Narrator;
  first: DemoDaemon;
  /** The daemon that is to be stopped at the end. */
  next(daemon: DemoDaemon): void;
}

async function play(stage: Stage): Promise<boolean> {
  const { state, work, story, first } = stage;
  const client = await nodeClient({ state, name: 'demo' });
  const { session } = await client.sessions.create({ cwd: work, prompt });
  const watched = watchSession(client, session.id, story);
  await watched.spoken(killAfterUnits);
  const before = await client.sessions.history({ session: session.id, after: 0, limit: 1000 });
  await first.kill();
  story.alarm(`kill -9 ${first.pid}   the daemon is gone, in mid-sentence`);
  await showAgentAtWork(state, story);
  const again = await startDemoDaemon(state);
  stage.next(again);
  story.step(
    `a new daemon is up, process ${again.pid}, ready after ${again.readyMs} ms; the text goes on`,
  );
  // The new daemon listens on another port; the reader goes on from what it holds.
  const second = await nodeClient({ state, name: 'demo' });
  const resumed = watchSession(second, session.id, story, watched);
  await resumed.ended;
  const after = await second.sessions.history({ session: session.id, after: 0, limit: 1000 });
  const proof = await prove({
    before: before.entries,
    after: after.entries,
    shown: resumed.texts(),
    work,
  });
  client.close();
  second.close();
  story.proof(proof);
  return proof.every(({ holds }) => holds);
}

interface Watched {
  ended: Promise<void>;
  lastSeq(): number;
  texts(): ReadonlyMap<string, string>;
  spoken(units: number): Promise<void>;
  leave(): void;
}

/** Shows a session as it happens; allows what it asks for. */
function watchSession(
  client: Client,
  session: string,
  story: Narrator,
  earlier?: Watched,
): Watched {
  const texts = new Map(earlier?.texts());
  const leaving = new AbortController();
  const spoken = Promise.withResolvers<void>();
  let seq = earlier?.lastSeq() ?? 0;
  let wanted = Number.POSITIVE_INFINITY;
  earlier?.leave();
  const ended = (async () => {
    const watching = client.watch(session, { after: seq, signal: leaving.signal });
    for await (const event of watching) {
      if (event.type === 'partial') {
        const shown = texts.get(event.entryId)?.length ?? 0;
        story.text(event.part, event.whole.slice(shown));
        texts.set(event.entryId, event.whole);
        if (event.part === 'text' && event.whole.length >= wanted) spoken.resolve();
      }
      if (event.type !== 'entry') continue;
      seq = event.entry.seq;
      story.entry(event.entry, texts.get(event.entry.id) ?? '');
      if (event.entry.kind === 'approval') await allow(client, session, event.entry, story);
      if (event.entry.kind === 'run_ended') return;
    }
  })();
  return {
    ended,
    lastSeq: () => seq,
    texts: () => texts,
    spoken: (units) => {
      wanted = units;
      return Promise.race([spoken.promise, ended]);
    },
    leave: () => leaving.abort(),
  };
}

async function allow(
  client: Client,
  session: string,
  entry: Entry,
  story: Narrator,
): Promise<void> {
  await delay(600);
  await client.approvals.decide({ session, approval: entry.id, verdict: 'allow' });
  story.note('y   allowed once');
}

/** While no daemon is there, the agent writes on: its spool grows by the kernel's hand. */
async function showAgentAtWork(state: string, story: Narrator): Promise<void> {
  const size = async (): Promise<number> => {
    const { globSync } = await import('node:fs');
    const [spool] = globSync(join(state, 'hosts', '*', 'out.ndjson'));
    return spool === undefined ? 0 : (await stat(spool)).size;
  };
  const first = await size();
  await delay(900);
  const second = await size();
  const log = await readFile(join(state, 'daemon.json'), 'utf8').then(JSON.parse);
  story.note(
    `no process ${log.pid} any more; meanwhile the agent wrote ${second - first} bytes to its spool`,
  );
}

const holds = await demo();
if (!holds)
  process.stdout.write(colours.red('The proof does not hold: something was lost or doubled.\n'));
process.exitCode = holds ? 0 : 1;
