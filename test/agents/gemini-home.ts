import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';

/** A conversation that is loaded in the minute in which it began is overwritten: these began earlier. */
export async function backdated(home: string): Promise<void> {
  const folder = path.join(home, '.gemini/tmp');
  for (const name of await readdir(folder, { recursive: true })) {
    const earlier = name.replace(/session-(\d+)-(.*)T\d\d-\d\d-/, 'session-2000-$2T00-00-');
    if (earlier !== name) await rename(path.join(folder, name), path.join(folder, earlier));
  }
}
