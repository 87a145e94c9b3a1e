import { defineConfig } from 'vitest/config';
import { everyAgent } from './scripts/ci/every-agent.ts';
import { forCi } from './scripts/ci/vitest.ts';

// Tests with real agents: `npm run test:agents`. They install pinned programs and need no network besides.
// Without ALL_AGENTS=1 pi stands for all agents that are driven by the same code.
export default defineConfig({
  test: {
    include: ['test/agents/**/*.test.ts'],
    exclude: everyAgent ? [] : ['test/agents/**/{gemini,opencode,configured}*.test.ts'],
    globalSetup: ['test/compile-cache.ts', 'test/agents/install.ts'],
    pool: 'forks',
    // Each agent is some 200 MB, and a file of tests has several.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
    ...forCi,
  },
});
