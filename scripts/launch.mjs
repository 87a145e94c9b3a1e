// Runs a script of this repository, or a program of its dependencies, on a Node that is new enough.
//
//   node scripts/launch.mjs <file.ts | program> [argument…]
//
// Plain JavaScript in an old dialect: this file must be read by Nodes that are too old for the rest.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const oldestMajor = 24;
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, 'node_modules');

/** The running Node if it is new enough, else the one among the development dependencies. */
function chooseNode() {
  if (Number.parseInt(process.versions.node, 10) >= oldestMajor) return process.execPath;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const dependency = path.join(modules, 'node', 'bin', name);
  return existsSync(dependency) ? dependency : undefined;
}

/** A path as it is; any other name is a program of the dependency that declares it. */
function findTarget(target) {
  if (/[\\/]|\.[cm]?[jt]s$/.test(target)) return path.resolve(target);
  for (const folder of [target, ...(programFolders[target] || [])]) {
    const manifest = path.join(modules, folder, 'package.json');
    if (!existsSync(manifest)) continue;
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
    const file = typeof bin === 'string' ? bin : bin && bin[target];
    if (file) return path.join(modules, folder, file);
  }
  return undefined;
}

/** Programs whose package has another name. */
const programFolders = { tsc: ['typescript'] };

function fail(sentence) {
  process.stderr.write(sentence + '\n');
  process.exit(1);
}

const [target, ...rest] = process.argv.slice(2);
if (!target) fail('Usage: node scripts/launch.mjs <file.ts | program> [argument…]');

const node = chooseNode();
if (!node) {
  fail(
    `Turnkeep needs Node ${oldestMajor} or newer and this is ${process.version}: ` +
      'install a newer Node, or run `npm ci` to get one with the development dependencies.',
  );
}
const file = findTarget(target);
if (!file) fail(`There is no program ${target} in node_modules: run \`npm ci\` to install it.`);

// What the child starts by the name `node` must be the same Node.
const env = { ...process.env };
if (node !== process.execPath) {
  env.PATH = path.dirname(node) + path.delimiter + (env.PATH || '');
}

const child = spawn(node, [file, ...rest], { stdio: 'inherit', env });

// A terminal sends Ctrl-C to the whole foreground group, so the child has it already: sent on, it
// would count twice. Everything else is meant for the child and reaches only this process.
const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
  const forward = () => {
    if (signal !== 'SIGINT' || !atTerminal) child.kill(signal);
  };
  process.on(signal, forward);
  return [signal, forward];
});

child.on('error', (error) => fail(`${node} does not start: ${error.message}`));
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code === null ? 1 : code);
  for (const [name, forward] of handlers) process.off(name, forward);
  process.kill(process.pid, signal);
  // Signals whose default is to be ignored do not end this process.
  setTimeout(() => process.exit(128 + (constants.signals[signal] || 0)), 200);
});
