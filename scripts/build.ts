// Compiles src/, bundles the program and builds the console for the published package, into dist/ or the directory
// that is named.
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundle, bundleWorker } from './build/bundle.ts';

const root = path.join(import.meta.dirname, '..');
const source = path.join(root, 'src');
const output = path.resolve(process.argv[2] ?? path.join(root, 'dist'));

/** `new URL('./worker.ts', import.meta.url)`, which the compiler leaves alone. */
const moduleUrl = /(new URL\(\s*['"`][^'"`]+\.)ts(['"`],\s*import\.meta\.url)/g;

rmSync(output, { recursive: true, force: true });
const launcher = path.join(import.meta.dirname, 'launch.mjs');
const compile = [launcher, 'tsc', '-p', 'tsconfig.build.json', '--outDir', output];
const { status } = spawnSync(process.execPath, compile, { cwd: root, stdio: 'inherit' });

for (const file of globSync('**/*.js', { cwd: output })) {
  const text = readFileSync(path.join(output, file), 'utf8');
  const built = text.replaceAll(moduleUrl, '$1js$2');
  if (built !== text) writeFileSync(path.join(output, file), built);
}
// Scripts that a host runs and the like are shipped as they are.
for (const file of globSync('**/*.{mjs,sh,sql}', { cwd: source })) {
  cpSync(path.join(source, file), path.join(output, file));
}
if (status === 0) {
  for (const worker of globSync('**/*worker.js', { cwd: output })) {
    await bundleWorker(output, worker);
  }
  await bundle(output, 'cli/main.js');
}
const page = path.join(output, 'console', 'page');
const vite = [launcher, 'vite', 'build', '--config', 'vite.console.config.ts', '--outDir', page];
const built = spawnSync(process.execPath, [...vite, '--logLevel', 'warn'], {
  cwd: root,
  stdio: 'inherit',
  // It would leave a cache of its own code among temporary files.
  env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
});
process.exitCode = status || built.status || 0;
