import { join } from 'node:path';
import { builtInAgents } from '../agents/agents.ts';
import type { ProbeReport } from '../ports/probe.ts';
import { agentOptions } from './agent-options.ts';
import { Prober } from './prober.ts';

export interface ProbedHere {
  name: string;
  title: string;
  install: string;
  report: ProbeReport | null;
}

/** Asks the agents that a daemon started from here would have, without one. */
export async function probeHere(state: string): Promise<ProbedHere[]> {
  const drivers = builtInAgents(
    await agentOptions({ scripted: state, agentFile: join(state, 'agents.json') }, {}),
  );
  const prober = new Prober({ log: () => undefined });
  return Promise.all(
    drivers.map(async (driver) => {
      const { name, title, install } = driver.profile;
      return { name, title, install, report: await prober.probe(driver) };
    }),
  );
}
