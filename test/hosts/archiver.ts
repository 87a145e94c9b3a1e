// Archives the host `h` and removes its directory, and may die on the way: `archiver.ts ROOT 'before 3'`.
import { join } from 'node:path';
import { deadlySteps } from './deadly-steps.ts';

const [root = '', step = ''] = process.argv.slice(2);
await deadlySteps(step, root);
const { openHosts } = await import('../../src/hosts/hosts.ts');
const hosts = await openHosts({
  directory: join(root, 'hosts'),
  archive: join(root, 'archive'),
  warn: () => undefined,
});
await hosts.archive('h', [], new AbortController().signal);
await hosts.remove('h');
