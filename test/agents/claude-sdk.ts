import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cliVersion } from './cli.ts';

/** The SDK that goes with the pinned Claude Code. */
const version = cliVersion.replace(/^2\.1\./, '0.3.');
const name = '@anthropic-ai/claude-agent-sdk';

/** The folder in which the real SDK is installed; the first run does that. Programs of its own it needs none. */
export async function installedSdk(): Promise<string> {
  const cache = path.join(import.meta.dirname, '../../node_modules/.cache/turnkeep-agents');
  const folder = path.join(cache, `claude-agent-sdk-${version}`);
  const there = path.join(folder, 'node_modules', name, 'sdk.mjs');
  const found = await access(there).then(
    () => true,
    () => false,
  );
  if (found) return folder;
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{"private":true}\n');
  const words = ['install', '--no-save', '--no-audit', '--no-fund', '--omit=optional'];
  await promisify(execFile)('npm', [...words, `${name}@${version}`], { cwd: folder });
  return folder;
}

export const sdkPackage = name;
