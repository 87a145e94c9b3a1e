import type { ProbeEnd } from '../hosts/probe/probe.ts';
import { limits } from '../domain/limits.ts';
import type { AgentDriver, AgentProgram } from '../ports/agent.ts';
import type { AgentFacts, ProbeProblem, ProbeReport } from '../ports/probe.ts';

export interface Probed {
  driver: AgentDriver;
  path: string | null;
  /** As its own switch for it printed. */
  version: string | null;
  facts: AgentFacts | null;
  end: ProbeEnd;
}

const unknown = { version: null, models: null, modes: null, efforts: null } as const;

export function reportOfAbsent(
  { program }: AgentProgram,
  env: { readonly [name: string]: string },
  unusable: string | undefined,
): ProbeReport {
  if (unusable !== undefined) {
    const message = `${unusable} may not be executed: chmod +x it, or see whose it is.`;
    const problem = { kind: 'not-executable', message } as const;
    return { state: 'failing', path: unusable, ...unknown, problem };
  }
  const where = program.includes('/') ? '' : ` on the PATH of hosts (${env['PATH'] ?? 'none'})`;
  const problem = { kind: 'missing', message: `There is no program ${program}${where}.` } as const;
  return { state: 'missing', path: null, ...unknown, problem };
}

/** What is told of an agent: ready if it answered, whatever else may be wrong with it. */
export function reportOf({ driver, path, version, facts, end }: Probed): ProbeReport {
  if (facts === null) {
    const problem = problemOf(end, version, driver);
    return { state: 'failing', path, ...unknown, version, problem };
  }
  const known = { ...facts, version: facts.version ?? version };
  const problem = facts.problem ?? versionProblem(known.version, driver.probe?.tested ?? null);
  const state = facts.problem?.kind === 'refused' ? 'failing' : 'ready';
  return { ...known, state, path, problem };
}

function problemOf(end: ProbeEnd, version: string | null, driver: AgentDriver): ProbeProblem {
  const tested = driver.probe?.tested ?? null;
  const hint =
    tested === null || tested === version
      ? ''
      : ` Turnkeep was tested with version ${tested}${version === null ? '' : `, this is ${version}`}.`;
  const because = lastLine(end.said);
  switch (end.how) {
    case 'late':
      return { kind: 'no-answer', message: `It gave no answer in time.${hint}` };
    case 'flood':
      return {
        kind: 'flood',
        message: `It printed more than ${limits.probeBytes / 1024} KiB and no answer.${hint}`,
      };
    case 'not-started':
      return { kind: 'not-started', message: `It did not start${because}.` };
    case 'stopped':
      return { kind: 'no-answer', message: 'The daemon ended before it answered.' };
    case 'exited':
    case 'over': {
      const status = end.status === null ? 'a signal' : `status ${end.status}`;
      return {
        kind: 'ended',
        message: `It ended with ${status}, without an answer${because}.${hint}`,
      };
    }
  }
}

function lastLine(said: string): string {
  const line = said.trim().split('\n').at(-1)?.trim().slice(0, 200) ?? '';
  return line === '' ? '' : `: ${line.replace(/\.$/, '')}`;
}

function versionProblem(version: string | null, tested: string | null): ProbeProblem | null {
  if (tested === null) return null;
  if (version === null) {
    const message = `It does not tell its version; Turnkeep was tested with ${tested}.`;
    return { kind: 'unknown-version', message };
  }
  if (!isOlder(version, tested)) return null;
  const message = `Version ${version} is older than ${tested}, which Turnkeep was tested with: update it.`;
  return { kind: 'old-version', message };
}

/** The version in what a program prints of itself, such as `2.1.329 (Claude Code)`. */
export function versionIn(line: string): string | null {
  return /(?<![\w.])\d+\.\d+\.\d+[\w.+-]{0,40}/.exec(line)?.[0] ?? null;
}

/** By the three numbers alone: what is behind them orders releases of one number. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): number[] => text.split(/[.+-]/).slice(0, 3).map(Number);
  const [mine, other] = [numbers(version), numbers(than)];
  for (const at of [0, 1, 2]) {
    const difference = (mine[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
