/** Test doubles: hosts, agents, a clock and a death, all in one process and none of them with a chance in it. */
export { FakeHosts, type HostCall } from './fake-hosts.ts';
export { type FakeAgent, FakeProcess } from './fake-process.ts';
export { type Death, Mortal } from './mortal.ts';
export { plainAgent, type PlainAgentOptions, type Turn } from './plain-agent.ts';
export { plainDriver } from './plain-driver.ts';
export { type TestSpace, testSpace } from './test-space.ts';
export { TestClock, testClock, type TestClockOptions } from './test-clock.ts';
