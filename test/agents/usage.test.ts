import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noTokens, sumOfTokens, type Tokens } from '../../src/domain/usage.ts';
import type { Billed } from '../fixtures/models/anthropic.ts';
import { bash, call, script } from './model-script.ts';
import { checked, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

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

test('U1: usage is what the model server counted, with a sub-agent, an error and an abort', async () => {
  const talk = await place.session();
  const { model, client } = place;
  const summed = async () =>
    (await client.usage.summary({ by: ['model'], session: talk.session })).total;
  const child = call('Agent', {
    description: 'look',
    prompt: script('!think a little', '!say child at work'),
    subagent_type: 'general-purpose',
  });
  await talk.send(script('!say I delegate', child, '!next', '!say it has begun'));
  await talk.end();
  await talk.send('!fail 400');
  await talk.end(2);
  await talk.send('!say and once more');
  await talk.end(3);
  // Two answers of the agent, one of its child, one to the word of its end, and one more.
  expect(model.bill.map(({ whole }) => whole)).toEqual([true, true, true, true, true]);
  const before = await summed();
  expect(before.tokens).toEqual(sumOf(model.bill));
  expect(before.runs).toBe(2);

  const said = 'hard at work with many complicated considerations ';
  await talk.send(script(`!say ${said}`, '!hold never'));
  await place.partial(talk.session, ({ whole }) => whole === said);
  await talk.abort({ wait: true });
  await talk.end(4);
  expect(model.bill.map(({ whole }) => whole)).toEqual([true, true, true, true, true, false]);
  // The model has told what went into the answer that was broken off. What came out of it as far as it
  // went nobody has counted: the agent makes a guess from its text.
  const { output: _, ...told } = sumOf(model.bill);
  const after = await summed();
  expect(after.tokens).toEqual({ ...told, output: after.tokens.output });
  expect(after.tokens.output).toBeGreaterThan(before.tokens.output);

  await talk.send('!say well again');
  await talk.end(5);
  const last = await summed();
  expect(last.tokens.output - after.tokens.output).toBe(model.bill.at(-1)?.usage.output_tokens);
  expect(last.tokens.input).toBe(sumOf(model.bill).input);
  const { row } = await talk.whole();
  expect([last.tokens, last.cost]).toEqual([
    row.usage,
    [{ currency: 'USD', amount: expect.closeTo(row.cost!.amount, 10) as number }],
  ]);
  expect(last.cost[0]?.amount).toBeGreaterThan(before.cost[0]?.amount ?? 0);
  await checked(talk);
});

test('U1: usage is what the model server counted where requests fail and are retried, and streams break off', async () => {
  const talk = await place.session();
  const { model, client } = place;
  const from = model.bill.length;
  const bill = (): readonly Billed[] => model.bill.slice(from);
  const summed = async () =>
    (await client.usage.summary({ by: ['model'], session: talk.session })).total;
  await talk.send(script('!fail 529 1', '!say after a retry'));
  await talk.end();
  // What was refused costs nothing.
  expect(bill().map(({ whole }) => whole)).toEqual([true]);
  expect((await summed()).tokens).toEqual(sumOf(bill()));
  const asked = model.requests.length;
  await talk.send(script('!say half of it', '!cut 1', '!say and the rest'));
  await talk.end(2);
  // Asked again: what went into the answer that broke off is billed, too.
  expect(model.requests.length - asked).toBeGreaterThan(1);
  expect(bill().map(({ whole }) => whole)).toEqual([true, false, true]);
  const { output, ...told } = sumOf(bill());
  const { tokens, runs } = await summed();
  expect({ ...tokens, output }).toEqual({ ...told, output });
  const { output: whole } = sumOf(bill().filter((one) => one.whole));
  expect(tokens.output).toBeGreaterThan(whole);
  expect(runs).toBe(2);
  await checked(talk);
});

test('U2 U3: a budget of money stops a run between two messages, by estimate, before the agent tells its cost', async () => {
  const { client, model } = place;
  const price = { model: '*', input: 1000, output: 1000 };
  await writeFile(
    path.join(place.state, 'prices.json'),
    JSON.stringify({ currency: 'USD', prices: [price] }),
  );
  const known = async () => (await client.prices.get({})).prices.length;
  await expect.poll(known, { timeout: 15_000 }).toBe(1);
  const talk = await place.session();
  const limits = { cost: { amount: 0.05, currency: 'USD' } };
  await client.sessions.patch({ session: talk.session, budget: { limits, action: 'stop' } });
  const from = model.bill.length;
  await talk.send(script('!say first', bash('true'), '!next', '!hold never'));
  const ended = await talk.end();
  expect(ended.data).toMatchObject({ outcome: 'cancelled' });
  const { entries } = await talk.whole();
  expect(entries.find(({ kind }) => kind === 'abort')).toMatchObject({
    data: { reason: 'budget' },
  });
  const estimated = entries.flatMap((entry) =>
    entry.kind === 'usage' ? (entry.data.pending ?? []) : [],
  );
  const billed = sumOfTokens(sumOf(model.bill.slice(from, from + 1)));
  expect(estimated[0]).toEqual({ amount: billed / 1000, currency: 'USD', estimate: true });
  // With its end the agent tells what it really cost: that takes the place of the estimate.
  const { row } = await talk.whole();
  expect(row.cost).toEqual({ amount: expect.any(Number) as number, currency: 'USD' });
  expect(row.cost!.amount).toBeLessThan(limits.cost.amount);
  await client.sessions.patch({ session: talk.session, budget: null });
  await talk.send('!say and on');
  expect((await talk.end(2)).data).toMatchObject({ outcome: 'completed' });
  await checked(talk);
});
