import { chmodSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Place } from './place.ts';

const program = fileURLToPath(new URL('./line-agent.mjs', import.meta.url));

/** A program that is the small agent, whatever its arguments are. */
export function lineAgent(place: Place): string {
  const file = place.path('agent');
  // The last word is for those who look for what a bench left running.
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${program}' '${place.work}'\n`);
  chmodSync(file, 0o755);
  return file;
}
