import { defineConfig } from 'vitest/config';
import { forCi } from './scripts/ci/vitest.ts';

// The installed package from outside, by HTTP and WebSocket alone: `npm run test:scenarios`.
export default defineConfig({
  test: {
    include: ['test/scenarios/**/*.test.ts'],
    globalSetup: ['test/compile-cache.ts', 'test/scenarios/install.ts'],
    pool: 'forks',
    // Each file has a daemon and its agents.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    ...forCi,
  },
});
