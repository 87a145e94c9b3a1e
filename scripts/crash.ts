// Kills the daemon at random instants while agents work, and proves afterwards that nothing was lost.
//
//   npm run crash -- [--cycles N] [--sessions N] [--seed N] [--json FILE] [--keep]
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { CrashLoop } from './crash/loop.ts';
import { judge } from './crash/oracle.ts';
import { printSummary, summarise } from './crash/report.ts';

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '60' },
    sessions: { type: 'string', default: '8' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    json: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const [cycles, sessions, seed] = [values.cycles, values.sessions, values.seed].map(Number) as [
  number,
  number,
  number,
];
if (![cycles, sessions, seed].every((value) => Number.isSafeInteger(value) && value >= 0)) {
  throw new Error('--cycles, --sessions and --seed are whole numbers');
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(`crash loop: ${cycles} cycles, ${sessions} sessions, seed ${seed}`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(130));
const began = performance.now();
const result = await CrashLoop.run({
  cycles,
  sessions,
  seed,
  progress: (line) => print(`  ${line}`),
});
const faults = judge(result.facts);
const seconds = (performance.now() - began) / 1000;
const summary = summarise(result, faults, { seed, cycles, seconds });
if (values.json !== undefined) await writeFile(values.json, JSON.stringify(summary, null, 2));
if (faults.length > 0 || values.keep) {
  const trace = path.join(result.directory, 'facts.json');
  await writeFile(trace, JSON.stringify(result.facts));
  print(`  kept: ${result.directory} (state, daemon.log, facts.json)`);
} else await rm(result.directory, { recursive: true, force: true });
if (faults.length > 0) {
  print(`  again: npm run crash -- --cycles ${cycles} --sessions ${sessions} --seed ${seed}`);
}
printSummary(summary, print);
process.exit(faults.length > 0 ? 1 : 0);
