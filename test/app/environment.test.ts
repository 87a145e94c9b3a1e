import { expect, test } from 'vitest';
import { agentEnvironment } from '../../src/app/environment.ts';

test('S4: an agent gets exactly the allow-listed environment and what its driver adds', () => {
  const own = {
    PATH: '/bin',
    HOME: '/home/a',
    LC_ALL: 'C',
    XDG_CONFIG_HOME: '/x',
    TURNKEEP_HOST: 'outer',
    TURNKEEP_TOKEN_FILE: '/secret',
    ANTHROPIC_API_KEY: 'key',
    CLAUDECODE: '1',
    NODE_OPTIONS: '--inspect',
    LD_PRELOAD: '/evil.so',
    DATABASE_URL: 'postgres://secret',
  };
  expect(agentEnvironment(own, { AGENT_HOME: '/agent' })).toEqual({
    PATH: '/bin',
    HOME: '/home/a',
    LC_ALL: 'C',
    XDG_CONFIG_HOME: '/x',
    AGENT_HOME: '/agent',
  });
});
