import type { Entry } from '../domain/entry.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Store } from '../ports/store.ts';
import type { SendAnswer } from './engine.ts';

/** What became of a prompt that was sent before. */
export async function promptFate(
  state: SessionState,
  entry: { id: string; seq: number },
  store: Store,
): Promise<Pick<SendAnswer, 'state' | 'run' | 'position'>> {
  const position = state.queue.findIndex((item) => item.id === entry.id) + 1;
  if (position > 0) return { state: 'queued', position };
  const prompt = state.run?.prompts.find((item) => item.id === entry.id);
  if (state.run !== null && prompt !== undefined) {
    const under = prompt.steered === true ? 'steering' : 'starting';
    return { state: prompt.state === 'taken' ? 'delivered' : under, run: state.run.id };
  }
  for await (const later of entriesAbout(state.id, entry, store)) {
    if (later.kind === 'delivery') return delivered(later.runId);
    if (later.kind !== 'queue') continue;
    const { change } = later.data;
    if (change === 'withdrawn' || change === 'indeterminate') return { state: change };
  }
  return { state: 'queued' };
}

function delivered(run: string | undefined): { state: 'delivered'; run?: string } {
  return run === undefined ? { state: 'delivered' } : { state: 'delivered', run };
}

async function* entriesAbout(
  session: string,
  prompt: { id: string; seq: number },
  store: Store,
): AsyncGenerator<Entry> {
  const kinds = ['delivery', 'queue'] as const;
  for (let after: number | null = prompt.seq; after !== null;) {
    const page = await store.history({ session, after, kinds, limit: 200, maxBytes: 256 * 1024 });
    yield* page.entries.filter((entry) => entry.about === prompt.id);
    after = page.next;
  }
}
