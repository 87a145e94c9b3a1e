import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { lockState } from '../../src/store/lock.ts';
import { tempDir } from './sample.ts';

test('one daemon per state directory, and a killed one leaves no lock', async () => {
  const { dir, remove } = tempDir();
  const script = `import { lockState } from ${JSON.stringify(new URL('../../src/store/lock.ts', import.meta.url).href)};
    globalThis.release = lockState(${JSON.stringify(dir)}); console.log('locked'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  expect(() => lockState(dir)).toThrow(`Another Turnkeep daemon uses ${dir}`);
  holder.kill('SIGKILL');
  await once(holder, 'close');

  const release = lockState(dir);
  expect(() => lockState(dir)).toThrow('Another Turnkeep daemon');
  release();
  lockState(dir)();
  remove();
});
