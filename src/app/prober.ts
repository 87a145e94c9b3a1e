import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '../domain/limits.ts';
import type { Json } from '../domain/json.ts';
import { openProbes, type ProbeEnd, type ProbeLimits, type Probes } from '../hosts/probe/probe.ts';
import type { AgentDriver, AgentProgram } from '../ports/agent.ts';
import type { AgentFacts, AgentProbe, ProbeReport } from '../ports/probe.ts';
import { agentEnvironment } from './environment.ts';
import { reportOf, reportOfAbsent, versionIn } from './probe-report.ts';

export interface ProberOptions {
  /** Default: `limits.probeMs`. */
  deadlineMs?: number;
  log: (event: string, data: object) => void;
}

/** Asks agents about themselves, in the environment that their hosts get and an empty directory. */
export class Prober {
  readonly #options: ProberOptions;
  readonly #probes: Probes;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#probes = openProbes();
  }

  async probe(driver: AgentDriver): Promise<ProbeReport | null> {
    const { probe } = driver;
    if (probe === undefined) return null;
    const running = this.#probe(driver, probe);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Ends the probes that are under way; they answer that they were stopped. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
  }

  async #probe(driver: AgentDriver, probe: AgentProbe): Promise<ProbeReport> {
    const cwd = await mkdtemp(join(await realpath(tmpdir()), 'turnkeep-probe-'));
    try {
      return await this.#ask(driver, probe, cwd);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      const end: ProbeEnd = { how: 'not-started', status: null, said, gone: true };
      return reportOf({ driver, path: null, version: null, facts: null, end });
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  }

  async #ask(driver: AgentDriver, probe: AgentProbe, cwd: string): Promise<ProbeReport> {
    const program = probe.program(cwd);
    const env = agentEnvironment(process.env, program.env);
    const found = await this.#probes.find({ program: program.program, cwd, env });
    if (found?.executable !== true) return reportOfAbsent(program, env, found?.path);
    const { path } = found;
    const bounds: ProbeLimits = {
      deadline: performance.now() + (this.#options.deadlineMs ?? limits.probeMs),
      bytes: limits.probeBytes,
      stop: this.#stop.signal,
    };
    const start = { program: path, cwd, env, args: program.args };
    const version = await this.#version(probe, start, bounds);
    let facts: AgentFacts | null = null;
    let state: Json = null;
    const read = (line: string): { send: readonly string[]; over: boolean } => {
      const step = probe.read(state, line, cwd);
      ({ state } = step);
      facts = step.facts ?? null;
      return { send: step.send, over: facts !== null };
    };
    const end = await this.#probes.talk({ ...start, open: probe.open(), read }, bounds);
    this.#note(driver, end);
    return reportOf({ driver, path, version, facts, end: masked(end, program) });
  }

  async #version(
    probe: AgentProbe,
    start: { program: string; cwd: string; env: { readonly [name: string]: string } },
    bounds: ProbeLimits,
  ): Promise<string | null> {
    if (probe.versionArgs === null) return null;
    let version: string | null = null;
    const read = (line: string): { send: readonly string[]; over: boolean } => {
      version = versionIn(line);
      return { send: [], over: version !== null };
    };
    // Half of the time is left for the conversation, which may answer all the same.
    const deadline = (performance.now() + bounds.deadline) / 2;
    const talk = { ...start, args: probe.versionArgs, open: [], read };
    await this.#probes.talk(talk, { ...bounds, deadline });
    return version;
  }

  #note({ profile }: AgentDriver, { how, gone }: ProbeEnd): void {
    if (gone) return;
    this.#options.log('probe', { agent: profile.name, how, message: 'left processes' });
  }
}

/** What the agent printed, without the values that it was given to keep. */
function masked(end: ProbeEnd, { env }: AgentProgram): ProbeEnd {
  let { said } = end;
  for (const value of Object.values(env)) {
    if (value.length >= 8) said = said.replaceAll(value, '***');
  }
  return { ...end, said };
}
