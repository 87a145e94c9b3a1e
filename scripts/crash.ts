// Kills the daemon at random instants while agents work, and proves afterwards that nothing was lost.
//
//   npm run crash -- [--agent scripted|claude] [--cycles N | --kills N] [--sessions N] [--seed N]
//                    [--json FILE] [--keep]
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { claudeRig } from './crash/claude-rig.ts';
import { CrashLoop } from './crash/loop.ts';
import { judge } from './crash/oracle.ts';
import { printSummary, summarise } from './crash/report.ts';
import { scriptedRig } from './crash/scripted-rig.ts';

const { values } = parseArgs({
  options: {
    agent: { type: 'string', default: 'scripted' },
    cycles: { type: 'string', default: '60' },
    kills: { type: 'string' },
    sessions: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    json: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const { agent } = values;
if (agent !== 'scripted' && agent !== 'claude') throw new Error('--agent is scripted or claude');
const sessions = whole('sessions', values.sessions ?? (agent === 'claude' ? '4' : '8'));
const seed = whole('seed', values.seed);
const until =
  values.kills === undefined
    ? { cycles: whole('cycles', values.cycles) }
    : { kills: whole('kills', values.kills) };

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} is a whole number`);
  return value;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const [length, count] = Object.entries(until)[0]!;
print(`crash loop with ${agent}: ${count} ${length}, ${sessions} sessions, seed ${seed}`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(130));
const began = performance.now();
const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-crash-')));
const rig = agent === 'claude' ? await claudeRig(directory) : scriptedRig();
const progress = (line: string): void => print(`  ${line}`);
const result = await CrashLoop.run({ rig, until, directory, sessions, seed, progress });
await rig.close();
const faults = judge(result.facts);
const seconds = (performance.now() - began) / 1000;
const summary = summarise(result, faults, { agent, seed, seconds });
if (values.json !== undefined) await writeFile(values.json, JSON.stringify(summary, null, 2));
if (faults.length > 0 || values.keep) {
  const trace = path.join(directory, 'facts.json');
  await writeFile(trace, JSON.stringify(result.facts));
  print(`  kept: ${directory} (state, daemon.log, facts.json)`);
} else await rm(directory, { recursive: true, force: true });
if (faults.length > 0) {
  const same = `--agent ${agent} --${length} ${count} --sessions ${sessions} --seed ${seed}`;
  print(`  again: npm run crash -- ${same}`);
}
printSummary(summary, print);
process.exit(faults.length > 0 ? 1 : 0);
