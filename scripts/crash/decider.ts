import { setTimeout as sleep } from 'node:timers/promises';
import type { Calls } from './calls.ts';
import type { DecisionTold } from './facts.ts';
import type { Dice } from './random.ts';

interface Open {
  session: string;
  entry: {
    id: string;
    kind: 'approval' | 'question';
    data: {
      options?: { id: string; kind: string }[];
      schema?: { properties?: { [field: string]: unknown } };
    };
  };
}

/** Clients that race to decide whatever is open, each asking until it is told who has decided. */
export class Deciders {
  readonly #calls: Calls;
  readonly #dice: Dice;
  /** Chance that a question is left alone until its run is aborted for it. */
  readonly #leftAlone: number;
  readonly #seen = new Set<string>();
  readonly #told = new Map<string, DecisionTold[]>();
  readonly #racing = new Set<Promise<void>>();
  #stopped = false;

  constructor(calls: Calls, dice: Dice, leftAlone: number) {
    this.#calls = calls;
    this.#dice = dice;
    this.#leftAlone = leftAlone;
  }

  of(session: string): readonly DecisionTold[] {
    return this.#told.get(session) ?? [];
  }

  async work(): Promise<void> {
    while (!this.#stopped) {
      await sleep(40);
      const told = await this.#calls.once('approvals.list', {});
      if (told.type !== 'done') continue;
      for (const open of told.output['approvals'] as Open[]) this.#race(open);
    }
    await Promise.all(this.#racing);
  }

  stop(): void {
    this.#stopped = true;
  }

  #race(open: Open): void {
    if (this.#seen.has(open.entry.id)) return;
    this.#seen.add(open.entry.id);
    if (this.#dice.chance(this.#leftAlone)) return;
    const racers = this.#dice.whole(1, 3);
    const wait = this.#dice.whole(0, 250);
    for (let racer = 1; racer <= racers; racer++) {
      const race = this.#decide(open, `decider ${racer}`, this.#choice(open), wait);
      this.#racing.add(race);
      void race.finally(() => this.#racing.delete(race));
    }
  }

  #choice({ entry }: Open): object {
    if (entry.kind === 'question') {
      const fields = Object.keys(entry.data.schema?.properties ?? { answer: '' });
      return this.#dice.chance(0.2)
        ? { verdict: 'deny' }
        : { answer: Object.fromEntries(fields.map((field) => [field, 'green'])) };
    }
    if (this.#dice.chance(0.5)) return { verdict: this.#dice.chance(0.6) ? 'allow' : 'deny' };
    // Answers that hold for ever would leave nothing to decide.
    const once = (entry.data.options ?? []).filter(({ kind }) => kind.endsWith('_once'));
    return { option: this.#dice.pick(once).id };
  }

  async #decide(open: Open, by: string, choice: object, wait: number): Promise<void> {
    await sleep(wait);
    const { session, entry } = open;
    const told = await this.#calls.until('approvals.decide', {
      session,
      approval: entry.id,
      ...choice,
    });
    if (told.type === 'lost') return;
    const all = this.#told.get(session) ?? [];
    this.#told.set(session, all);
    if (told.type === 'done') {
      const { decision, outcome, option } = told.output as {
        decision: { id: string; seq: number };
        outcome: string;
        option?: string;
      };
      const answer = { type: 'decided' as const, ...decision, outcome };
      all.push({
        approval: entry.id,
        by,
        answer: option === undefined ? answer : { ...answer, option },
      });
    } else if (told.code === 'already_decided') {
      const { decision, outcome } = told.data as { decision?: string; outcome?: string };
      const answer = {
        type: 'already' as const,
        ...(decision === undefined ? {} : { decision }),
        ...(outcome === undefined ? {} : { outcome }),
      };
      all.push({ approval: entry.id, by, answer });
    } else {
      all.push({ approval: entry.id, by, answer: { type: 'refused', code: told.code } });
    }
  }
}
