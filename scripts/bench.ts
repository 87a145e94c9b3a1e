// Measures what the project promises of its speed. Each measure runs in a process of its own.
// Daemons run from the build, which is made first: that is what is published.
//
//   npm run bench -- [--only MEASURE] [--json FILE]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { appends } from './bench/appends.ts';
import { latency } from './bench/latency.ts';
import { pages } from './bench/pages.ts';
import { type Measure, passes, type Result } from './bench/result.ts';
import { startsAndMemory } from './bench/starts.ts';
import { wire } from './bench/wire.ts';

const measures: Readonly<Record<string, Measure>> = {
  appends,
  latency,
  wire,
  starts: startsAndMemory,
  pages,
};

const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'string' }, child: { type: 'string' } },
});
if (values.child !== undefined) await measureHere(values.child);
else await measureAll();

/** In the measure's own process: the results are its last line. */
async function measureHere(name: string): Promise<void> {
  const work = await mkdtemp(path.join(tmpdir(), 'turnkeep-bench-'));
  process.once('SIGTERM', () => process.exit(143));
  try {
    const results = await measures[name]!(work);
    process.stdout.write(`${JSON.stringify(results)}\n`);
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
  process.exit(0);
}

async function measureAll(): Promise<void> {
  const names = Object.keys(measures).filter((name) => (values.only ?? name) === name);
  if (names.length === 0) {
    throw new Error(`There is no measure ${values.only}: ${Object.keys(measures).join(', ')}.`);
  }
  const build = spawnSync(process.execPath, [path.join(import.meta.dirname, 'build.ts')], {
    stdio: 'inherit',
  });
  if (build.status !== 0) throw new Error('The build failed.');
  const all: Result[] = [];
  for (const name of names) {
    for (const one of await inChild(name)) {
      all.push(one);
      process.stdout.write(`${line(one)}\n`);
    }
  }
  const list = all.map((one) => {
    const { id, value, unit, target } = one;
    return { id, value, unit, target, pass: passes(one) };
  });
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(list, null, 2)}\n`);
  process.exitCode = list.some(({ pass }) => pass === false) ? 1 : 0;
}

async function inChild(name: string): Promise<readonly Result[]> {
  const child = spawn(process.execPath, [import.meta.filename, '--child', name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`The measure ${name} ended with ${String(code)}.`);
  return JSON.parse(output.trim().split('\n').at(-1)!) as Result[];
}

function line(one: Result): string {
  const pass = passes(one);
  const mark = pass === null ? ' ' : pass ? '✓' : '✗';
  const value =
    one.value >= 100 ? Math.round(one.value).toLocaleString('en') : one.value.toFixed(2);
  const sign = one.more ? 'at least' : 'at most';
  const target = one.target === null ? '' : `${sign} ${one.target.toLocaleString('en')}`;
  return `${mark} ${one.title.padEnd(48)} ${value.padStart(10)} ${one.unit.padEnd(7)} ${target}`;
}
