import { everyAgent } from '../../scripts/ci/every-agent.ts';
import { installedCli } from './cli.ts';
import { installedCodex } from './codex-cli.ts';
import { configuredPrograms } from './configured-dialects.ts';
import { installed } from './installed.ts';
import { pinned } from './real-agents.ts';

/** Once, before the files of tests begin: each of them would install it otherwise. */
export async function setup(): Promise<void> {
  await installedCli();
  await installedCodex();
  await installed(pinned.pi);
  if (!everyAgent) return;
  await installed(pinned.opencode);
  await installed(pinned.gemini);
  for (const program of Object.values(configuredPrograms)) await installed(program);
}
