// A reporter of vitest: writes what a run came to into the file of the environment variable TEST_REPORT.
import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { Finding, Report } from './report.ts';

export class CiReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env['TEST_REPORT'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(reportOf(modules, unhandled)));
  }
}

function reportOf(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Report {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const withResult = (state: string): TestCase[] =>
    tests.filter((test) => test.result().state === state);
  const passed = withResult('passed');
  // A file that fails to load, and a hook of a suite that fails, have no test to count.
  const around = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  return {
    passed: passed.length,
    failed: [
      ...withResult('failed').map(findingOf),
      ...around.filter((one) => one.errors().length > 0).map(brokenOf),
      ...unhandled.map((error) => ({ name: 'outside of every test', message: messageOf(error) })),
    ],
    unsteady: passed.filter((test) => test.diagnostic()?.flaky === true).map(findingOf),
  };
}

function findingOf(test: TestCase): Finding {
  const [error] = test.result().errors ?? [];
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  return { name, message: error === undefined ? '' : messageOf(error) };
}

function brokenOf(one: TestModule | TestSuite): Finding {
  const [error] = one.errors();
  const name =
    one.type === 'module'
      ? one.relativeModuleId
      : `${one.module.relativeModuleId} > ${one.fullName}`;
  return { name, message: error === undefined ? '' : messageOf(error) };
}

/** The sentence, where in our own files it was, and what differs. */
function messageOf(error: SerializedError): string {
  const { message, stack = '', diff } = error;
  const place = stack
    .split('\n')
    .find((line) => /^ +at /.test(line) && !/node_modules|node:/.test(line));
  const parts = [message, place?.trim(), diff].filter((part) => typeof part === 'string');
  return stripVTControlCharacters(parts.join('\n'));
}
