import { lineAgent } from './agent.ts';
import type { BenchDaemon } from './daemon.ts';
import { Growing, lengthen, openAt } from './fill.ts';
import type { Place } from './place.ts';
import { type Measure, quantile, type Result, result } from './result.ts';

const entryChars = 2000;
const lastPage = { session: 's1', limit: 50 };

/** The end of a log of 100 MB and of one of 1 GB, in entries of 2 KB. */
export const tails: Measure = async (place) => {
  const small = await oneSession(place, { id: '100mb', title: '100 MB', entries: 50_000 }, 10);
  const large = await oneSession(place, { id: '1gb', title: '1 GB', entries: 500_000 }, 20);
  return [...small, ...large];
};

interface Size {
  id: string;
  title: string;
  entries: number;
}

async function oneSession(
  place: Place,
  { id, title, entries }: Size,
  target: number,
): Promise<Result[]> {
  const appended = await fillAndAppend(place, id, place.size(entries, entries / 500));
  const cold: number[] = [];
  for (let start = 0; start < place.size(7, 1); start++) {
    const daemon = await place.daemon(id, { as: { agent: null }, probed: true });
    // The connection is there; of what the page itself takes nothing was done before.
    await daemon.call('server.health', {});
    cold.push(await daemon.time('sessions.history', lastPage));
    await daemon.stop();
  }
  const after = await afterAppends(place, id);
  const page = { atMost: target };
  return [
    ...both(`append-${id}`, `append to ${title} over HTTP`, after.appends, { atMost: 2 }),
    ...both(`store-${id}`, `append to ${title} at the store's port`, appended, { atMost: 2 }),
    ...both(`tail-${id}-cold`, `first page of ${title} of a fresh daemon`, cold, page),
    ...both(`tail-${id}-after`, `last page of ${title} after a prompt`, after.pages, page),
    ...both(`send-${id}`, `the prompt to ${title}`, after.sends, null),
  ];
}

function both(
  id: string,
  title: string,
  values: readonly number[],
  target: { atMost: number } | null,
): Result[] {
  return [
    result(`${id}-p50`, `${title}, p50`, quantile(values, 0.5), 'ms', target),
    result(`${id}-p99`, '… p99', quantile(values, 0.99), 'ms'),
  ];
}

/** Fills the session, and times appends of one entry with its state at the store's port. */
async function fillAndAppend(place: Place, id: string, entries: number): Promise<number[]> {
  const store = await openAt(place.path(id));
  const growing = new Growing('s1', entryChars);
  await lengthen(store, growing, { entries, together: 500 });
  const times: number[] = [];
  for (let append = -20; append < place.size(300, 5); append++) {
    const batch = growing.next(1);
    const began = performance.now();
    await store.append([batch]);
    if (append >= 0) times.push(performance.now() - began);
  }
  await store.close();
  return times;
}

/** A run is open that goes on, so that each prompt is one more entry and starts nothing. */
async function afterAppends(
  place: Place,
  id: string,
): Promise<{ appends: number[]; sends: number[]; pages: number[] }> {
  const daemon = await place.daemon(id, { as: { agent: lineAgent(place) }, probed: true });
  const appends = await appendOverHttp(place, daemon);
  await daemon.call('sessions.send', { session: 's1', content: 'hang' });
  const sends: number[] = [];
  const pages: number[] = [];
  const calls = place.size(150, 5);
  for (let call = -calls / 10; call < calls; call++) {
    const sent = await daemon.time('sessions.send', { session: 's1', content: 'next' });
    const paged = await timePage(daemon);
    if (call < 0) continue;
    sends.push(sent);
    pages.push(paged);
  }
  await daemon.stop();
  return { appends, sends, pages };
}

/** What another program writes into the log, one entry a call. */
async function appendOverHttp(place: Place, daemon: BenchDaemon): Promise<number[]> {
  const times: number[] = [];
  for (let call = -20; call < place.size(300, 5); call++) {
    const raw = { text: 'x'.repeat(entryChars), number: call };
    const ms = await daemon.time('sessions.append', { session: 's1', entries: [{ raw }] });
    if (call >= 0) times.push(ms);
  }
  return times;
}

async function timePage(daemon: BenchDaemon): Promise<number> {
  const began = performance.now();
  const { entries } = (await daemon.call('sessions.history', lastPage)) as { entries: unknown[] };
  const ms = performance.now() - began;
  if (entries.length !== lastPage.limit) throw new Error(`A page of ${entries.length} entries.`);
  return ms;
}
