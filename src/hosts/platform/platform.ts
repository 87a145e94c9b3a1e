import { linuxProcesses } from './linux.ts';
import { macosProcesses } from './macos.ts';
import type { Processes } from './processes.ts';
import { withSharedLook } from './shared-look.ts';

export function platformProcesses(): Processes {
  if (process.platform === 'linux') return withSharedLook(linuxProcesses());
  if (process.platform === 'darwin') return withSharedLook(macosProcesses());
  throw new Error(`agents cannot be hosted on ${process.platform}: Linux and macOS can`);
}
