import { setTimeout as sleep } from 'node:timers/promises';
import type { Calls } from './calls.ts';
import type { AbortTold, SendTold, SentPrompt } from './facts.ts';
import type { Dice } from './random.ts';
import type { Act, Rig } from './rig.ts';

interface Sent {
  id: string;
  text: string;
  delivery: SentPrompt['delivery'];
  allowInterrupt: boolean;
  answers: SendTold[];
}

/** More prompts than this that wait, and the client waits too. */
const queueAtMost = 5;

/**
 * One client that works in one session: sends prompts under ids of its own, again until it is answered,
 * and keeps every answer.
 */
export class Appender {
  readonly session: string;
  readonly sent: Sent[] = [];
  readonly aborts: AbortTold[] = [];
  readonly #calls: Calls;
  readonly #dice: Dice;
  readonly #rig: Rig;
  #work = '';
  #stopped = false;
  /** Last seq of the log as the session's row told it last. */
  lastSeq = 0;
  #run: { id: string; since: number } | null = null;
  #queued = 0;

  constructor(session: string, { calls, dice, rig }: { calls: Calls; dice: Dice; rig: Rig }) {
    this.session = session;
    this.#calls = calls;
    this.#dice = dice;
    this.#rig = rig;
  }

  async create(cwd: string): Promise<void> {
    this.#work = cwd;
    await this.#calls.until('sessions.create', { id: this.session, cwd });
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Works until it is stopped. */
  async work(): Promise<void> {
    while (!this.#stopped) {
      await sleep(this.#dice.whole(...this.#rig.pace.restMs));
      await this.look();
      if (this.#isStuck()) await this.#abort();
      else if (this.#queued < queueAtMost)
        await this.#act(this.#dice.weighted(this.#rig.pace.acts));
    }
  }

  /** Brings the session to rest: ends what hangs, and has what waits delivered. */
  async finish(limitMs: number): Promise<boolean> {
    const end = performance.now() + limitMs;
    while (performance.now() < end) {
      const row = await this.look();
      if (row !== null && this.#run === null) {
        if (row['queued'] === 0) return true;
        if (row['held'] === true) await this.#send(this.#newPrompt('queue', true));
      } else if (this.#isStuck()) await this.#abort();
      await sleep(60);
    }
    return false;
  }

  /** Asks for the session's row. */
  async look(): Promise<Record<string, unknown> | null> {
    const told = await this.#calls.until('sessions.get', { session: this.session });
    if (told.type !== 'done') return null;
    const row = told.output['session'] as Record<string, unknown>;
    const active = row['activeRun'] as { id: string } | null;
    this.#queued = row['queued'] as number;
    this.lastSeq = row['lastSeq'] as number;
    if (active === null) this.#run = null;
    else if (this.#run?.id !== active.id) this.#run = { id: active.id, since: performance.now() };
    return row;
  }

  #isStuck(): boolean {
    return this.#run !== null && performance.now() - this.#run.since > this.#rig.pace.longestRunMs;
  }

  async #act(act: Act): Promise<void> {
    switch (act) {
      case 'send':
        return this.#send(this.#newPrompt('queue'));
      case 'interrupt':
        return this.#send(this.#newPrompt('interrupt'));
      case 'steer':
        return this.#send({ ...this.#newPrompt('steer'), allowInterrupt: this.#dice.chance(0.3) });
      case 'abort':
        return this.#abort();
      case 'repeat':
        return this.#repeat();
    }
  }

  #newPrompt(delivery: Sent['delivery'], isFiller = false): Sent {
    const id = `p_${this.session}_${this.sent.length + 1}`;
    const text = isFiller ? this.#rig.filler(id) : this.#rig.prompt(this.#dice, id, this.#work);
    return { id, text, delivery, allowInterrupt: false, answers: [] };
  }

  async #send(prompt: Sent): Promise<void> {
    this.sent.push(prompt);
    await this.#post(prompt);
  }

  /** The same again, or the same id for another text, which must be refused. */
  async #repeat(): Promise<void> {
    const done = this.sent.filter((prompt) =>
      prompt.answers.some((told) => told.type === 'acknowledged'),
    );
    if (done.length === 0) return;
    const prompt = this.#dice.pick(done.slice(-20));
    if (this.#dice.chance(0.6)) return this.#post(prompt);
    const { session } = this;
    const content = `${prompt.text} and more`;
    const told = await this.#calls.until('sessions.send', { session, id: prompt.id, content });
    const right = told.type === 'lost' || (told.type === 'refused' && told.code === 'id_reused');
    if (right) return;
    const code = told.type === 'refused' ? told.code : 'another text under a known id was taken';
    prompt.answers.push({ type: 'refused', order: this.#calls.order, code, expected: false });
  }

  async #post(prompt: Sent): Promise<void> {
    const { session } = this;
    const { id, text: content, delivery, allowInterrupt } = prompt;
    const input = { session, id, content, delivery, allowInterrupt };
    const told = await this.#calls.until('sessions.send', input);
    const { order } = this.#calls;
    if (told.type === 'lost') return;
    if (told.type === 'refused') {
      const expected = told.code === 'unsupported' && delivery === 'steer' && !allowInterrupt;
      prompt.answers.push({ type: 'refused', order, code: told.code, expected });
      return;
    }
    const { entry, duplicate, state } = told.output as {
      entry: { seq: number };
      duplicate: boolean;
      state: string;
    };
    prompt.answers.push({ type: 'acknowledged', order, seq: entry.seq, duplicate, state });
  }

  async #abort(): Promise<void> {
    const run = this.#run?.id;
    const input = {
      session: this.session,
      force: this.#dice.chance(0.08),
      wait: this.#dice.chance(0.3),
      queue: this.#dice.chance(0.2) ? 'withdraw' : 'keep',
      ...(run === undefined ? {} : { run }),
    };
    const told = await this.#calls.until('sessions.abort', input);
    if (told.type !== 'done') return;
    const {
      run: aborted,
      status,
      outcome,
    } = told.output as {
      run?: string;
      status: AbortTold['status'] | 'no-active-run';
      outcome?: string;
    };
    if (aborted === undefined || status === 'no-active-run') return;
    this.aborts.push({ run: aborted, status, ...(outcome === undefined ? {} : { outcome }) });
  }
}
