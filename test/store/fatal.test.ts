import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { append, batch, first, historyOf, notice, tempDir } from './sample.ts';

const here = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** Appends until the limit of the file size makes the system fail a write; says what it was told. */
const script = (dir: string): string => `
  import { openStore } from ${here('../../src/store/open.ts')};
  import { append, batch, first, notice } from ${here('./sample.ts')};
  const store = await openStore({ dir: ${JSON.stringify(dir)}, onFatal: () => { console.log('fatal'); process.exit(70); } });
  for (let turn = 0; ; turn += 1) {
    const verdict = await append(store, batch('s', [notice('n' + turn, 'x'.repeat(50_000))], turn === 0 ? first : {}));
    console.log(verdict.status);
  }`;

test('L1: a write that the system fails is never answered, and the process is told to end', async () => {
  const { dir, remove } = tempDir();
  await (await openStore({ dir, onFatal: () => undefined })).close();
  const args = [
    '-c',
    'ulimit -f 4000 && exec "$0" --input-type=module -e "$1"',
    process.execPath,
    script(dir),
  ];
  const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect(await once(child, 'close')).toEqual([70, null]);
  const lines = said.trim().split('\n');
  expect([lines.length > 5, lines.at(-1), new Set(lines.slice(0, -1))]).toEqual([
    true,
    'fatal',
    new Set(['stored']),
  ]);

  const store = await openStore({ dir, onFatal: () => undefined });
  expect((await historyOf(store, 's')).length).toBeGreaterThanOrEqual(lines.length - 1);
  expect(await store.check()).toEqual([]);
  expect(await append(store, batch('t', [notice('n')], first))).toMatchObject({ status: 'stored' });
  await store.close();
  remove();
});
