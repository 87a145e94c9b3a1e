import type { Clock } from '../ports/clock.ts';
import type { HookTest, NotifyView } from '../ports/hooks.ts';
import type { Store } from '../ports/store.ts';
import type { NotifyRule } from './config.ts';
import { type Delivery, postWebhook, runCommand } from './deliver.ts';
import type { EventBody } from './event-body.ts';
import { Teller } from './teller.ts';

export interface NotifierOptions {
  rules: readonly NotifyRule[];
  store: Pick<Store, 'events' | 'load' | 'history'>;
  clock: Clock;
  random: () => number;
  /** The whole environment of programs. */
  env: { readonly [name: string]: string };
  /** As which webhooks are called. */
  agent: string;
  log: (event: string, data: object) => void;
}

/** Events that wait for the slowest hook; older ones are dropped. */
const mostWaiting = 100_000;
const trimMs = 10 * 60_000;
const tries = { webhook: 20, command: 4 };

/** All hooks that are notified, each at its own pace. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #stop = new AbortController();
  #tellers: readonly Teller[] = [];
  #cancelTrim: (() => void) | null = null;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Goes on where each hook was. */
  async begin(): Promise<void> {
    const { rules, store } = this.#options;
    const cursors = await store.events.begin(rules.map(({ name }) => name));
    this.#tellers = rules.map((rule) => {
      const cursor = cursors.find(({ hook }) => hook === rule.name)?.num ?? 0;
      return this.#teller(rule, cursor);
    });
    if (rules.length > 0) this.#trim();
  }

  /** Something has happened that is to be told. */
  wake(): void {
    for (const teller of this.#tellers) teller.wake();
  }

  get views(): readonly NotifyView[] {
    return this.#tellers.map(({ options, counts, last }, at) => ({
      name: options.name,
      target: targetOf(this.#options.rules[at]!),
      events: options.events,
      ...counts,
      last,
    }));
  }

  /** Tells one hook of nothing, once; undefined where none has that name. */
  async test(name: string): Promise<HookTest | undefined> {
    const rule = this.#options.rules.find((one) => one.name === name);
    if (rule === undefined) return undefined;
    const { clock } = this.#options;
    const at = new Date(clock.now()).toISOString();
    const body: EventBody = { id: `test.${clock.newId()}`, event: 'hook.test', at, session: null };
    const delivery = await this.#deliver(rule, JSON.stringify(body));
    const message = delivery.outcome === 'delivered' ? null : delivery.message;
    return { delivered: message === null, message };
  }

  async close(): Promise<void> {
    this.#cancelTrim?.();
    this.#stop.abort();
    await Promise.all(this.#tellers.map((teller) => teller.closed()));
  }

  #teller(rule: NotifyRule, cursor: number): Teller {
    const { store, clock, random, log } = this.#options;
    const { name, events } = rule;
    const options = {
      name,
      events,
      tries: 'url' in rule ? tries.webhook : tries.command,
      store,
      clock,
      random,
      deliver: (body: string) => this.#deliver(rule, body),
      signal: this.#stop.signal,
      log,
    };
    return new Teller(options, cursor);
  }

  #deliver(rule: NotifyRule, body: string): Promise<Delivery> {
    const { clock, env, agent, log } = this.#options;
    const telling = { body, signal: this.#stop.signal, clock };
    if ('url' in rule) return postWebhook({ ...rule, agent }, telling);
    const printed = (text: string): void => log('hook.output', { hook: rule.name, text });
    return runCommand({ command: rule.command, env }, telling, printed);
  }

  #trim(): void {
    const { store, clock, log } = this.#options;
    store.events.trim(mostWaiting).catch((error: unknown) => {
      log('hook', { message: String(error) });
    });
    this.#cancelTrim = clock.after(trimMs, () => this.#trim());
  }
}

/** A path may be a secret of its own. */
function targetOf(rule: NotifyRule): string {
  return 'url' in rule ? new URL(rule.url).origin : rule.command[0];
}
