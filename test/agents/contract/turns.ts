import { expect } from 'vitest';
import { noTokens, type Tokens } from '../../../src/domain/usage.ts';
import type { Billed } from '../../fixtures/models/anthropic.ts';
import { script } from '../model-script.ts';
import { checked } from '../place.ts';
import { launches, type Scenario } from './world.ts';

/** A turn from its prompt to its end. */
export const turns = {
  prompt: async (world) => {
    const talk = await world.session();
    await talk.send('!say Hello there');
    const { data } = await world.end(talk);
    expect(data.outcome).toBe('completed');
    expect(data.answer?.text).toBe('Hello there');
    expect(talk.of('delivery')).toHaveLength(1);
    const { row } = await talk.whole();
    expect(row.modelInForce?.id).toMatch(world.dialect.model);
    expect(row.nativeId).not.toBeNull();
    await checked(talk);
  },

  context: async (world) => {
    const talk = await world.session();
    await talk.send('!say Hello there');
    await world.end(talk);
    const { context } = (await talk.whole()).row;
    expect(context.size).toBeGreaterThan(0);
    expect(context.used).toBeGreaterThan(0);
  },

  stream: async (world) => {
    const talk = await world.session();
    const hold = world.hold();
    await talk.send(script('!think let me see', '!say one ', `!hold ${hold}`, '!say two'));
    const seen = await world.place.partial(talk.session, ({ whole }) => whole === 'one ');
    world.place.model.release(hold);
    expect((await world.end(talk)).data.outcome).toBe('completed');
    expect(talk.texts('message')).toEqual(['one two']);
    expect(talk.of('message')[0]?.id).toBe(seen.entryId);
    expect(talk.texts('thought').join('')).toContain('let me see');
    await checked(talk);
  },

  usage: async (world) => {
    const { bash, tokens } = world.dialect;
    const talk = await world.session();
    const from = world.place.model.bill.length;
    await talk.send(script(bash('touch counted'), '!next', '!say what it takes'));
    await world.allow(talk);
    const { data } = await world.end(talk);
    const counted = sumOf(world.place.model.bill.slice(from));
    // The service counts thoughts among what comes out.
    const { thought, output, ...rest } = data.usage.tokens;
    expect({ ...rest, output: output + thought }).toMatchObject(tokens(counted));
    const keys = talk.of('usage').map((entry) => entry.data.key);
    expect(new Set(keys).size).toBe(keys.length);
    await checked(talk);
  },

  cost: async (world) => {
    const talk = await world.session();
    const costs: number[] = [];
    for (const n of [1, 2]) {
      await talk.send(`!say what it costs, ${n}`);
      const { cost } = (await world.end(talk, n)).data.usage;
      expect(cost?.amount ?? 0).toBeGreaterThan(0);
      costs.push(cost!.amount);
    }
    const { row } = await talk.whole();
    expect(row.cost?.amount).toBeCloseTo(costs[0]! + costs[1]!, 9);
    await checked(talk);
  },

  queue: async (world) => {
    const talk = await world.session();
    const hold = world.hold();
    await talk.send(script('!say zero ', `!hold ${hold}`));
    await world.place.partial(talk.session, ({ whole }) => whole === 'zero ');
    for (const text of ['one', 'two', 'three']) {
      expect((await talk.send(`!say ${text}`)).state).toBe('queued');
    }
    expect((await talk.whole()).row.queued).toBe(3);
    world.place.model.release(hold);
    await world.end(talk, 4);
    expect(talk.texts('message')).toEqual(['zero ', 'one', 'two', 'three']);
    expect(talk.of('run_ended').map(({ data }) => data.outcome)).toEqual(
      Array.from({ length: 4 }, () => 'completed'),
    );
    expect(new Set(talk.of('delivery').map(({ runId }) => runId)).size).toBe(4);
    expect(launches(talk)).toBe(1);
    await checked(talk);
  },

  steer: async (world) => {
    const talk = await world.session();
    const { bash } = world.dialect;
    await talk.send(script('!say at work', bash('touch steered'), '!next', '!heard'));
    const approval = await world.asked(talk, 'approval');
    const steered = await talk.send('look left instead', { delivery: 'steer' });
    expect(steered.state).toBe('steering');
    await talk.decide(approval.id, 'allow');
    const end = await world.end(talk);
    expect(end.data.outcome).toBe('completed');
    expect(end.data.answer?.text).toContain('look left instead');
    const delivered = talk.of('delivery').find(({ about }) => about === steered.entry.id);
    expect(delivered?.runId).toBe(end.runId);
    await checked(talk);
  },
} satisfies { [name: string]: Scenario };

function sumOf(bill: readonly Billed[]): Tokens {
  const sum: Tokens = { ...noTokens };
  for (const { usage } of bill) {
    sum.input += usage.input_tokens;
    sum.output += usage.output_tokens;
    sum.cacheRead += usage.cache_read_input_tokens;
    sum.cacheWrite += usage.cache_creation_input_tokens;
  }
  return sum;
}
