/**
 * Fixture: appends to several sessions until it is killed and prints each acknowledgement.
 * `appender.ts <dir> <seed> [lie]`: with `lie` it acknowledges before the commit, which tests must notice.
 */
import { writeSync } from 'node:fs';
import { openStore } from '../../src/store/open.ts';
import { append, batch, message, notice, runEnded, runStarted, state } from './sample.ts';

const [dir = '', seed = '0', mode] = process.argv.slice(2);
const store = await openStore({ dir, onFatal: () => process.exit(70) });

function acknowledge(session: string, ids: readonly string[]): void {
  writeSync(1, ids.map((id) => `${session} ${id}\n`).join(''));
}

async function appender(session: string): Promise<void> {
  const loaded = await store.load(session);
  let head = loaded?.head ?? null;
  for (let turn = 0; ; turn += 1) {
    const id = `${session}-${seed}-${turn}`;
    const run = `r${id}`;
    const entries = [
      runStarted(`a${id}`, run),
      message(`m${id}`, head),
      notice(`n${id}`),
      runEnded(`z${id}`, run),
    ];
    const create = loaded === undefined && turn === 0 ? { create: { key: null } } : {};
    const verdict = append(store, batch(session, entries, { ...create, state: state() }));
    if (mode !== 'lie') {
      const { status } = await verdict;
      if (status !== 'stored') throw new Error(JSON.stringify(await verdict));
    }
    acknowledge(
      session,
      entries.map((entry) => entry.id),
    );
    await verdict;
    head = `m${id}`;
  }
}

await Promise.all(Array.from({ length: 16 }, (_, index) => appender(`s${index}`)));
