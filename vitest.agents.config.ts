import { defineConfig } from 'vitest/config';
import { forCi } from './scripts/ci/vitest.ts';

// Tests with real agents: `npm run test:agents`. They install a pinned CLI and need no network besides.
export default defineConfig({
  test: {
    include: ['test/agents/**/*.test.ts'],
    globalSetup: 'test/agents/install.ts',
    pool: 'forks',
    // Each agent is some 200 MB, and a file of tests has several.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
    ...forCi,
  },
});
