import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import type { Environment } from '../../client/node/state-directory.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const oldestNode = 24;

export function checkNode(version: string): Finding {
  const major = Number(version.split('.')[0]);
  if (major >= oldestNode) return ok('node', version);
  return fail('node', `${version} is too old.`, `Use Node ${oldestNode} or newer.`);
}

/** Before the first release no clock is right. */
const firstMoment = Date.UTC(2026, 0, 1);

/** `newest` is when something was last written here: time does not go back behind it. */
export function checkClock(now: number, newest: number | null): Finding {
  const shown = new Date(now).toISOString();
  if (now < firstMoment) return fail('clock', `It says ${shown}.`, 'Set the clock.');
  if (newest === null || now > newest - 60_000) return ok('clock', shown);
  const message = `It says ${shown}, but something was written at ${new Date(newest).toISOString()}.`;
  return warn(
    'clock',
    message,
    'Set the clock; times of new entries are before those of old ones.',
  );
}

/** What the process between daemon and agent is made of; it looks in these folders first. */
const folders = ['/usr/bin', '/bin'];
const tools = ['sh', 'mkfifo', 'ln', 'mv', 'rm', 'tail'] as const;

export async function checkTools(env: Environment): Promise<Finding> {
  const where = [...folders, ...(env['PATH'] ?? '').split(path.delimiter)];
  const missing: string[] = [];
  for (const tool of tools) if (!(await isIn(where, tool))) missing.push(tool);
  const makesSessions = (await isIn(where, 'setsid')) || (await isIn(['/usr/bin'], 'perl'));
  if (!makesSessions) missing.push('setsid');
  if (missing.length === 0) return ok('tools', [...tools, 'setsid'].join(', '));
  return fail(
    'tools',
    `Missing: ${missing.join(', ')}.`,
    'Install them (coreutils and util-linux); agents cannot be hosted without.',
  );
}

async function isIn(where: readonly string[], tool: string): Promise<boolean> {
  for (const folder of where) {
    const file = path.join(folder, tool);
    if (folder !== '' && (await isExecutable(file))) return true;
  }
  return false;
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
