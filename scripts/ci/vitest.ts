import type { ViteUserConfig } from 'vitest/config';
import { CiReporter } from './reporter.ts';

type TestConfig = NonNullable<ViteUserConfig['test']>;

/**
 * In CI a test that fails is tried up to twice more, and one that passes only then is listed as unsteady at the end;
 * TEST_REPORT names the file for what a run came to.
 */
export const forCi: Pick<TestConfig, 'retry' | 'reporters'> = {
  retry: process.env['CI'] === undefined ? 0 : 2,
  reporters: process.env['TEST_REPORT'] === undefined ? ['default'] : ['default', new CiReporter()],
};
