/** Rates of durable appends: `node scripts/launch.mjs test/store/bench.ts [sessions] [appends] [state]`. */
import { openStore } from '../../src/store/open.ts';
import { append, batch, first, message, state, tempDir } from './sample.ts';

const [sessions = 64, appends = 60_000] = process.argv.slice(2, 4).map(Number);
const withState = process.argv[4] === 'state';
const { dir, remove } = tempDir();
const store = await openStore({ dir, onFatal: (error) => { throw error; } });
const latencies: number[] = [];
let given = 0;

async function appender(index: number): Promise<void> {
  const session = `s${index}`;
  await append(store, batch(session, [], first));
  let head: string | null = null;
  while (given < appends) {
    given += 1;
    const id = `m${String(given).padStart(12, '0')}`;
    const one = batch(session, [message(id, head, 'x'.repeat(300))], withState ? { state: state() } : {});
    const from = performance.now();
    const verdict = await append(store, one);
    latencies.push(performance.now() - from);
    if (verdict.status !== 'stored') throw new Error(JSON.stringify(verdict));
    head = id;
  }
}

const from = performance.now();
await Promise.all(Array.from({ length: sessions }, (_, index) => appender(index)));
const seconds = (performance.now() - from) / 1000;
latencies.sort((a, b) => a - b);
const at = (part: number): string => (latencies[Math.floor(latencies.length * part)] ?? 0).toFixed(2);
console.log(`${sessions} sessions: ${Math.round(appends / seconds)}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(0.99999)} ms`);
await store.close();
remove();
