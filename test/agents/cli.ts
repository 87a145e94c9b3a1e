// The real Claude Code, pinned, in a folder of its own that is kept between runs.
import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

export const cliVersion = '2.1.329';

const root = path.join(import.meta.dirname, '../..');
const folder = path.join(root, 'node_modules/.cache/turnkeep-agents', `claude-${cliVersion}`);
const program = path.join(folder, 'node_modules/.bin/claude');

/** Path of the program; the first run installs it from the registry that npm is set to. */
export async function installedCli(): Promise<string> {
  if (await isThere(program)) return program;
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{"private":true}\n');
  const wanted = `@anthropic-ai/claude-code@${cliVersion}`;
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts=false'];
  await promisify(execFile)('npm', ['install', ...options, wanted], { cwd: folder });
  return program;
}

/** What a CLI sees of the machine: a home of its own, the scripted model, and a key that opens nothing. */
export function cliEnvironment(home: string, model: string): { [name: string]: string } {
  return {
    HOME: home,
    // What it puts into the folder for temporary files goes with its home.
    TMPDIR: home,
    CLAUDE_CODE_TMPDIR: home,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    ANTHROPIC_API_KEY: 'not-a-key',
    ANTHROPIC_BASE_URL: model,
    CLAUDE_CODE_MAX_RETRIES: '2',
  };
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
