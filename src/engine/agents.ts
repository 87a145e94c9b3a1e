import { refuse } from '../domain/refusal.ts';
import type { AgentDriver, Probe } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import type { ProbeReport } from '../ports/probe.ts';
import type { AgentView, EngineAgents } from './engine.ts';

export interface AgentsContext {
  drivers: readonly AgentDriver[];
  defaultAgent: string;
  clock: Clock;
  /** Absent where agents are not asked about themselves. */
  probe?: Probe;
}

interface Known {
  report: ProbeReport;
  /** When it was found out, in milliseconds since the epoch. */
  at: number;
}

/** Models that a refusal names; the list of all is in `agents.list`. */
const namedModels = 20;

/**
 * The agents, and what is known of them. A probe is waited for only by who asked for it: lists, health and
 * launches take what is known.
 */
export class Agents implements EngineAgents {
  readonly #context: AgentsContext;
  readonly #known = new Map<string, Known>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(context: AgentsContext) {
    this.#context = context;
  }

  get default(): string {
    return this.#context.defaultAgent;
  }

  get list(): readonly AgentView[] {
    return this.#context.drivers.map((driver) => this.#view(driver));
  }

  driver(agent: string): AgentDriver {
    const { drivers } = this.#context;
    const driver = drivers.find((candidate) => candidate.profile.name === agent);
    if (driver !== undefined) return driver;
    const names = drivers.map((candidate) => candidate.profile.name).join(', ');
    throw refuse('invalid', `There is no agent ${agent}: choose one of ${names}.`, {
      field: 'agent',
    });
  }

  async probe(agent: string | undefined, refresh: boolean): Promise<readonly AgentView[]> {
    const { drivers } = this.#context;
    const asked = agent === undefined ? drivers : [this.driver(agent)];
    await Promise.all(asked.map((driver) => this.#find(driver, refresh)));
    return asked.map((driver) => this.#view(driver));
  }

  /** Refuses a model that the agent cannot know, as far as its models are known. */
  checkModel(agent: string, model: string | null | undefined): void {
    const known = this.#known.get(agent);
    const models = known?.report.models ?? null;
    if (known === undefined || models === null || model === null || model === undefined) return;
    const { probe, profile } = this.driver(agent);
    if (probe === undefined || probe.takesModel(model, models)) return;
    const ids = models.values.map(({ id }) => id);
    const list = ids.slice(0, namedModels).join(', ') + (ids.length > namedModels ? ' …' : '');
    const asked = new Date(known.at).toISOString();
    const message = `${profile.title} has no model ${model}: choose one of ${list} (as of ${asked}; agents.probe asks again).`;
    throw refuse('invalid', message, { field: 'model', data: { models: ids } });
  }

  /** What is ready is not asked again unprompted; who asks while another does gets that one's answer. */
  async #find(driver: AgentDriver, refresh: boolean): Promise<void> {
    const { name } = driver.profile;
    if (!refresh && this.#known.get(name)?.report.state === 'ready') return;
    const running = this.#running.get(name) ?? this.#ask(driver);
    this.#running.set(name, running);
    try {
      await running;
    } finally {
      if (this.#running.get(name) === running) this.#running.delete(name);
    }
  }

  async #ask(driver: AgentDriver): Promise<void> {
    const { probe, clock } = this.#context;
    const report = probe === undefined ? null : await probe(driver);
    if (report !== null) this.#known.set(driver.profile.name, { report, at: clock.now() });
  }

  #view({ profile, probe }: AgentDriver): AgentView {
    const { name, title, protocol, install } = profile;
    const { steer, resume, images, editsInput, hearsDenials } = profile;
    const known = this.#known.get(name);
    return {
      name,
      title,
      protocol,
      steer,
      resume,
      images,
      editsInput,
      hearsDenials,
      install,
      tested: probe?.tested ?? null,
      found: known === undefined ? null : this.#found(known),
    };
  }

  #found({ report, at }: Known): NonNullable<AgentView['found']> {
    const ageMs = Math.max(0, this.#context.clock.now() - at);
    return { ...report, at: new Date(at).toISOString(), ageMs };
  }
}
