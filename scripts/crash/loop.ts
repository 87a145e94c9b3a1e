import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeSocket } from '../../src/client/node/index.ts';
import { type Client, createClient } from '../../src/client/index.ts';
import { Appender } from './appender.ts';
import { Calls } from './calls.ts';
import { collect, type Told } from './collect.ts';
import { DaemonKeeper } from './daemon-keeper.ts';
import { Deciders } from './decider.ts';
import type { Facts } from './facts.ts';
import { HostWatch } from './leftovers.ts';
import { Dice } from './random.ts';
import type { Rig } from './rig.ts';
import { follow, readSocket, readStream, type Subscriber } from './subscribers.ts';

export interface LoopOptions {
  rig: Rig;
  /** Lives of the daemon; or as many as it takes for so many kills. */
  until: { cycles: number } | { kills: number };
  /** Everything of the run lies here. */
  directory: string;
  sessions: number;
  seed: number;
  progress(line: string): void;
}

export interface LoopResult {
  facts: Facts;
  /** Kills in all, and those that came before the daemon was ready. */
  kills: number;
  earlyKills: number;
  /** Spawn to ready of each restart, sorted, in milliseconds. */
  readyTimes: number[];
}

const finishMs = 180_000;
const stopMs = 60_000;

/** Clients, agents and a daemon that is killed at random instants: the whole of one run. */
export class CrashLoop {
  readonly #options: LoopOptions;
  readonly #dice: Dice;
  readonly #directory: string;
  readonly #keeper: DaemonKeeper;
  readonly #calls: Calls;
  readonly #client: Client;
  readonly #deciders: Deciders;
  readonly #appenders: Appender[] = [];
  readonly #subscribers: Subscriber[] = [];
  readonly #hosts: HostWatch;
  readonly #faults: string[] = [];
  #kills = 0;
  #earlyKills = 0;

  private constructor(options: LoopOptions, port: number) {
    const { directory, rig } = options;
    const state = path.join(directory, 'state');
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#directory = directory;
    this.#keeper = new DaemonKeeper({ state, port, log: path.join(directory, 'daemon.log'), rig });
    this.#calls = new Calls(this.#keeper.url, state);
    this.#deciders = new Deciders(this.#calls, this.#dice.of('deciders'), rig.pace.leftAlone);
    this.#hosts = new HostWatch(path.join(state, 'hosts'));
    this.#client = createClient({
      url: this.#keeper.url,
      token: () => Promise.resolve(this.#calls.token),
      WebSocket: nodeSocket(undefined),
      // Waits of the product's client are cut short: a daemon lives for a quarter of a second here.
      pace: {
        random: Math.random,
        after(ms, run) {
          const timer = setTimeout(run, ms > 11_000 || ms < 60 ? ms : Math.max(20, ms / 8));
          return () => clearTimeout(timer);
        },
      },
    });
  }

  static async run(options: LoopOptions): Promise<LoopResult> {
    const loop = new CrashLoop(options, await freePort());
    // However this process ends, it leaves none behind.
    process.once('exit', () => loop.#endAll());
    return loop.#run();
  }

  async #run(): Promise<LoopResult> {
    if (!(await this.#keeper.start().ready)) throw new Error('The daemon does not start.');
    await this.#begin();
    const deciding = this.#deciders.work();
    const working = this.#appenders.map((appender) => appender.work());
    let serves = true;
    for (let cycle = 1; serves && this.#goesOn(cycle); cycle++) {
      serves = await this.#cycle();
      if (cycle % 10 === 0) this.#tellProgress(cycle);
    }
    for (const appender of this.#appenders) appender.stop();
    if (!serves) this.#calls.stop();
    await Promise.all(working);
    if (serves) await this.#finish();
    await this.#leave();
    this.#deciders.stop();
    await deciding;
    const facts = await this.#facts();
    const { readyTimes } = this.#keeper;
    const sorted = readyTimes.slice(1).toSorted((left, right) => left - right);
    return { facts, kills: this.#kills, earlyKills: this.#earlyKills, readyTimes: sorted };
  }

  #goesOn(cycle: number): boolean {
    const { until } = this.#options;
    return 'kills' in until ? this.#kills < until.kills : cycle <= until.cycles;
  }

  #endAll(): void {
    this.#keeper.killNow();
    this.#hosts.look();
    this.#hosts.endAll();
  }

  #work(session: string): string {
    return path.join(this.#directory, 'work', session);
  }

  async #begin(): Promise<void> {
    for (let number = 1; number <= this.#options.sessions; number++) {
      const session = `s${number}`;
      const dice = this.#dice.of(session);
      await mkdir(this.#work(session), { recursive: true });
      const appender = new Appender(session, {
        calls: this.#calls,
        dice: dice.of('appender'),
        rig: this.#options.rig,
      });
      await appender.create(this.#work(session));
      this.#appenders.push(appender);
      this.#subscribers.push(follow(session, this.#client));
      const bare = number % 2 === 0 ? readSocket : readStream;
      this.#subscribers.push(bare(session, this.#calls, dice.of('subscriber')));
    }
  }

  /** A life of the daemon, ended at a random instant, and the start of the next one. */
  async #cycle(): Promise<boolean> {
    const when = this.#dice.weighted({ later: 80, atOnce: 8, before: 12 });
    if (when === 'later') await sleep(this.#dice.whole(...this.#options.rig.pace.lifeMs));
    if (when === 'atOnce') await sleep(this.#dice.whole(0, 20));
    await this.#kill();
    const { ready } = this.#keeper.start();
    if (when !== 'before') return ready;
    await Promise.race([ready, sleep(this.#dice.whole(10, 350))]);
    this.#earlyKills += 1;
    await this.#kill();
    return this.#keeper.start().ready;
  }

  async #kill(): Promise<void> {
    this.#kills += 1;
    await this.#keeper.kill();
  }

  #tellProgress(cycle: number): void {
    const sent = this.#appenders.reduce((sum, appender) => sum + appender.sent.length, 0);
    const entries = this.#subscribers.reduce((sum, { notes }) => sum + notes.cursor, 0) / 2;
    const { readyTimes, faults } = this.#keeper;
    const last = Math.round(readyTimes.at(-1) ?? 0);
    const { until } = this.#options;
    const of = 'kills' in until ? '' : `/${until.cycles}`;
    const bad = faults.length === 0 ? '' : `, ${faults.length} faults in its log`;
    this.#options.progress(
      `${cycle}${of}: ${this.#kills} kills, ${sent} prompts, ${entries} entries, ready in ${last} ms${bad}`,
    );
  }

  /** Everything that was begun comes to its end, and every subscriber to the end of its log. */
  async #finish(): Promise<void> {
    this.#options.progress('the last daemon lives: everything is let finish');
    const done = await Promise.all(this.#appenders.map((appender) => appender.finish(finishMs)));
    for (const [index, ended] of done.entries()) {
      if (!ended) this.#faults.push(`session s${index + 1} did not come to rest in ${finishMs} ms`);
    }
    await this.#quiet();
    await Promise.all(this.#appenders.map((appender) => appender.look()));
    // Who is between two connections at this moment comes to the end of the log in the next.
    await this.#quiet();
    const stopped = await this.#calls.once('server.shutdown', { mode: 'stop' }, stopMs);
    if (stopped.type !== 'done') this.#faults.push(`server.shutdown: ${JSON.stringify(stopped)}`);
    if (await this.#keeper.waitForEnd(stopMs)) return;
    this.#faults.push('the daemon did not end after server.shutdown');
  }

  async #leave(): Promise<void> {
    for (const subscriber of this.#subscribers) subscriber.stop();
    await this.#keeper.kill();
    this.#calls.stop();
    this.#client.close();
    this.#hosts.stop();
  }

  /** Until nothing has come for a while: a turn of the agent's own may follow the last run. */
  async #quiet(): Promise<void> {
    const cursors = (): string => this.#subscribers.map(({ notes }) => notes.cursor).join();
    let [before, since] = [cursors(), performance.now()];
    const end = since + 20_000;
    while (performance.now() - since < 1200 && performance.now() < end) {
      await sleep(100);
      const now = cursors();
      if (now !== before) [before, since] = [now, performance.now()];
    }
  }

  async #facts(): Promise<Facts> {
    this.#options.progress('stopped: reading the store');
    const told: Told[] = this.#appenders.map(({ session, lastSeq, sent, aborts }) => ({
      id: session,
      settledSeq: lastSeq,
      sent,
      aborts,
      decisions: this.#deciders.of(session),
      subscribers: this.#subscribers
        .filter((each) => each.session === session)
        .map(({ notes }) => notes.facts),
    }));
    const state = path.join(this.#directory, 'state');
    const collected = await collect(told, {
      state,
      work: (session) => this.#work(session),
      record: (at) => this.#options.rig.record(at),
    });
    const hosts = new Set(
      collected.sessions.flatMap(({ log }) =>
        log.flatMap((entry) => (entry.kind === 'host' ? [entry.data.host] : [])),
      ),
    );
    this.#keeper.close();
    const daemonFaults = [...this.#keeper.faults, ...this.#faults];
    const leftovers = this.#hosts.leftovers(hosts);
    this.#hosts.endAll();
    return { ...collected, daemonFaults, leftovers };
  }
}

/** A port that nobody uses now; every daemon of the run takes it, so that clients find the next one. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
