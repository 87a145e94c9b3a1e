// Every check that needs no running server, in order. All run, also after one has failed.
import { spawn } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const launcher = path.join(import.meta.dirname, 'launch.mjs');

/** Each command is what follows `node scripts/launch.mjs`. */
const checks: Readonly<Record<string, readonly (readonly string[])[]>> = {
  types: [['tsc'], ['tsc', '-p', 'console'], ['tsc', '-p', 'test/console']],
  lint: [['oxlint', '--deny-warnings']],
  format: [['oxfmt', '--list-different']],
  'dead code': [['knip', '--no-progress']],
  layers: [['scripts/check-layers.ts']],
  publint: [['scripts/build.ts'], ['publint', '--strict', '--pack', 'false']],
};

interface Outcome {
  readonly passed: boolean;
  readonly output: string;
}

function run(command: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [launcher, ...command], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: string) => (output += chunk);
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', (error) => resolve({ passed: false, output: error.message }));
    child.on('close', (code) => resolve({ passed: code === 0, output }));
  });
}

async function runAll(commands: readonly (readonly string[])[]): Promise<Outcome> {
  for (const command of commands) {
    const outcome = await run(command);
    if (!outcome.passed) return outcome;
  }
  return { passed: true, output: '' };
}

for (const [name, commands] of Object.entries(checks)) {
  const start = performance.now();
  const { passed, output } = await runAll(commands);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${passed ? '✓' : '✗'} ${name.padEnd(10)} ${seconds.padStart(5)} s`);
  if (passed) continue;
  process.exitCode = 1;
  console.log(output.trimEnd().replaceAll(/^(?=.)/gm, '    '));
}
