import { defineConfig } from 'vitest/config';
import { forCi } from './scripts/ci/vitest.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These need programs that not every machine has, or the built package; they are run by name.
    exclude: ['**/node_modules/**', 'test/agents/**', 'test/console/**', 'test/scenarios/**'],
    globalSetup: 'test/compile-cache.ts',
    pool: 'forks',
    // Most of a test's time is waiting for processes of its own.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    ...forCi,
  },
});
