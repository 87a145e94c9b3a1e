// Measures what the project promises of its speed. Each measure runs in a process of its own, and daemons in
// others. They run from the compiled package, of which a copy is made first: that is what is published.
//
//   npm run bench -- [--only MEASURE] [--json FILE] [--quick]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { Place } from './bench/place.ts';
import { measures } from './bench/measures.ts';
import { makePackage } from './bench/package.ts';
import { Run, type Told } from './bench/run.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'string' },
    /** Small sizes, to see that everything works: no number of it means anything. */
    quick: { type: 'boolean', default: false },
    child: { type: 'string' },
    place: { type: 'string' },
  },
});
if (values.child !== undefined && values.place !== undefined)
  await measureHere(values.child, values.place);
else await measureAll();

/** In the measure's own process: what it tells is its last line. */
async function measureHere(name: string, directory: string): Promise<void> {
  const work = await mkdtemp(path.join(directory, `${name}-`));
  const place = new Place(work, { built: path.join(directory, 'dist'), quick: values.quick });
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interrupted) return;
      interrupted = true;
      void place.end().finally(() => process.exit(130));
    });
  }
  try {
    const results = await measures[name]!(place);
    if (interrupted) return;
    const told: Told = { results, health: place.health };
    process.stdout.write(`${JSON.stringify(told)}\n`);
  } catch (error) {
    // What it has started was ended under it.
    if (!interrupted) throw error;
  } finally {
    if (!interrupted) await place.end();
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
  if (!interrupted) process.exit(0);
}

async function measureAll(): Promise<void> {
  const names = Object.keys(measures).filter((name) => (values.only ?? name) === name);
  if (names.length === 0) {
    throw new Error(`There is no measure ${values.only}: ${Object.keys(measures).join(', ')}.`);
  }
  const directory = await mkdtemp(path.join(tmpdir(), 'turnkeep-bench-'));
  const run = new Run({
    program: import.meta.filename,
    directory,
    quick: values.quick,
    json: values.json ?? null,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => run.interrupt());
  // A reader that has enough (`… | head`) is like a Ctrl-C.
  process.stdout.on('error', () => run.interrupt());
  try {
    makePackage(directory);
    for (const name of names) await run.measure(name);
    const met = run.interrupted || (await run.conclude());
    process.exitCode = met || values.quick ? 0 : 1;
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
  if (run.interrupted) process.exitCode = 130;
}
