import { defineConfig } from 'vitest/config';
import { forCi } from './scripts/ci/vitest.ts';

// The console of the installed package in Chromium: `npm run test:console`. With CONSOLE=sources the daemon runs
// from the sources instead, which begins sooner.
export default defineConfig({
  test: {
    include: ['test/console/**/*.test.ts'],
    globalSetup: ['test/compile-cache.ts', 'test/console/install.ts'],
    pool: 'forks',
    // Each file has a browser and a daemon.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    ...forCi,
  },
});
