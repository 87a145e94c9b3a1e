import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchDaemon, type DaemonChoices } from './daemon.ts';

const prober = fileURLToPath(new URL('./prober.mjs', import.meta.url));

/** What probers saw of `/v1/health`, in milliseconds. */
export interface Health {
  /** The first answer of each daemon, with the opening of the connection. */
  firsts: number[];
  /** All others. */
  times: number[];
  /** Answers that did not come. */
  failed: number;
}

interface Report {
  first?: number;
  times: readonly number[];
  failed: number;
}

/** Where one measure works: its directory, the build that it measures, and all that it has started. */
export class Place {
  readonly work: string;
  readonly health: Health = { firsts: [], times: [], failed: 0 };
  readonly #built: string;
  readonly #quick: boolean;
  readonly #daemons = new Set<BenchDaemon>();
  readonly #clients = new Set<ChildProcess>();

  constructor(work: string, of: { built: string; quick: boolean }) {
    this.work = work;
    this.#built = of.built;
    this.#quick = of.quick;
  }

  /** The size to measure at, or the one for trying. */
  size(full: number, quick: number): number {
    return this.#quick ? quick : full;
  }

  path(name: string): string {
    return path.join(this.work, name);
  }

  /** A daemon over the state of that name. `probed`: its health is asked for from now to its stop. */
  async daemon(
    name: string,
    { probed, ...choices }: DaemonChoices & { probed: boolean },
  ): Promise<BenchDaemon> {
    const daemon = await BenchDaemon.start(this.#built, this.path(name), choices);
    this.#daemons.add(daemon);
    const probe = probed ? this.client(prober, [daemon.url]) : null;
    daemon.beforeStop(async () => {
      if (probe !== null) this.#collect(await this.#report(probe));
      this.#daemons.delete(daemon);
    });
    return daemon;
  }

  /** Another process of the measure, which ends when its channel does. */
  client(program: string, words: readonly string[]): ChildProcess {
    const child = fork(program, words, { detached: true, execArgv: [] });
    this.#clients.add(child);
    child.once('exit', () => this.#clients.delete(child));
    return child;
  }

  /** Ends what still runs, in whatever state it is. */
  async end(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await Promise.all([...this.#daemons].map((daemon) => daemon.abandon()));
  }

  #report(probe: ChildProcess): Promise<Report> {
    return new Promise((resolve, reject) => {
      probe.once('message', (health) => resolve(health as Report));
      probe.once('exit', (code) => reject(new Error(`The prober ended with ${code}.`)));
      probe.send('report');
    });
  }

  #collect({ first, times, failed }: Report): void {
    if (first !== undefined) this.health.firsts.push(first);
    for (const ms of times) this.health.times.push(ms);
    this.health.failed += failed;
  }
}
