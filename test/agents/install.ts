import { installedCli } from './cli.ts';
import { installedCodex } from './codex-cli.ts';

/** Once, before the files of tests begin: each of them would install it otherwise. */
export async function setup(): Promise<void> {
  await installedCli();
  await installedCodex();
}
