import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { InputOf } from '../../src/client/index.ts';
import type { Entry } from '../../src/domain/entry.ts';
import { withAgents } from './agents.ts';
import { ConsolePlace } from './place.ts';

type Budget = NonNullable<InputOf<'sessions.patch'>['budget']>;

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open(withAgents);
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const asked = (page: Page) => page.locator('.approval');
const log = (page: Page) => page.getByRole('log');
const field = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const dataOf = (entries: readonly Entry[], kind: Entry['kind']) =>
  entries.filter((entry) => entry.kind === kind).map(({ data }) => data);

/** Its question is denied with a reason; answers what the page said of the reason before, and the log. */
async function denied(agent: string): Promise<{ page: Page; before: string; log: Entry[] }> {
  const session = await place.session('[[ask run echo never]] [[say Afterwards.]]', { agent });
  const page = await place.page(`/s/${session}`);
  const reason = asked(page).getByLabel('Reason of the denial');
  // Until it is known what the agent hears nothing is claimed.
  await asked(page).locator('[placeholder*=agent]').waitFor();
  const before = (await reason.getAttribute('placeholder'))!;
  await reason.fill('not on a Friday');
  await asked(page).getByRole('button', { name: 'Deny', exact: true }).click();
  return { page, before, log: [...(await place.ended(session))] };
}

test('A1: an agent that hears why it was denied is told, as the page says before', async () => {
  const { page, before, log: entries } = await denied('scripted');
  expect(before).toBe('Why not (the agent is told)');
  expect(dataOf(entries, 'decision')).toMatchObject([{ message: 'not on a Friday' }]);
  // The agent says it again.
  expect(JSON.stringify(dataOf(entries, 'message'))).toContain('not on a Friday');
  await log(page).locator('.is-message').getByText('not on a Friday').waitFor();
  await page.context().close();
});

test('A1: where an agent does not hear why it was denied the page says so before, and the log has it', async () => {
  const { page, before, log: entries } = await denied('deaf');
  expect(before).toBe('Why not (for the log: this agent does not hear it)');
  expect(dataOf(entries, 'decision')).toMatchObject([{ message: 'not on a Friday' }]);
  expect(JSON.stringify(dataOf(entries, 'message'))).not.toContain('Friday');
  await log(page).locator('.is-approval').getByText('not on a Friday').waitFor();
  await page.context().close();
});

/** A page on a session whose first run went beyond its budget. */
async function spending(budget: Budget): Promise<{ page: Page; session: string }> {
  const session = await place.session();
  await place.client.sessions.patch({ session, budget });
  const page = await place.page(`/s/${session}`);
  await field(page).fill('[[say One.]] [[usage 400|1]]');
  await page.keyboard.press('Enter');
  await log(page).getByText('completed', { exact: true }).waitFor();
  return { page, session };
}

test('U3: a budget that warns is told of in the log once, and nothing is held', async () => {
  const { page } = await spending({ limits: { tokens: 400 }, action: 'warn' });
  for (const word of ['Two', 'Three']) {
    await field(page).fill(`[[say ${word}.]] [[usage 1|1]]`);
    await page.keyboard.press('Enter');
    await log(page).getByText(`${word}.`, { exact: true }).waitFor();
  }
  const told = log(page).getByText(/The budget of the session is spent: 401 tokens of 400 tokens/);
  await told.waitFor();
  expect(await told.count()).toBe(1);
  await page.context().close();
});

test('U3: a budget that stops refuses the next message on the page, and what was written stays', async () => {
  const { page } = await spending({ limits: { tokens: 100 }, action: 'stop' });
  await field(page).fill('[[say Two.]]');
  await page.keyboard.press('Enter');
  const refused = page.getByRole('alert').getByText(/The budget of the session is spent/);
  await refused.waitFor();
  expect(await field(page).inputValue()).toBe('[[say Two.]]');
  // The browser names what was refused.
  for (const fault of place.faults.splice(0)) expect(fault).toMatch(/status of 429/);
  await page.context().close();
});

test('U3 A1: a run at its budget is asked about on the page: it goes on, or is stopped with the reason', async () => {
  const budget = { limits: { wallMs: 1000 }, action: 'ask' } as const;
  for (const [button, outcome] of [
    ['Let it go on', 'allowed'],
    ['Stop the run', 'denied'],
  ] as const) {
    const session = await place.session();
    await place.client.sessions.patch({ session, budget });
    await place.client.sessions.send({ session, content: '[[say At it.]] [[hang]]' });
    const page = await place.page(`/s/${session}`);
    const question = asked(page).filter({ hasText: 'The budget of the session is spent' });
    await question.getByText(/1(\.\d)? s of work of 1 s of work/).waitFor();
    await question.getByPlaceholder('Why not (for the log)').fill('enough of it');
    await question.getByRole('button', { name: button }).click();
    await log(page).locator('.is-approval').getByText(outcome, { exact: true }).waitFor();
    if (outcome === 'denied') {
      await log(page).getByText('stopping the run: its budget is spent').waitFor();
      await log(page).getByText('cancelled', { exact: true }).waitFor();
      await log(page).locator('.is-approval').getByText('enough of it').waitFor();
    } else {
      const { session: row } = await place.client.sessions.get({ session });
      expect(row.activeRun).not.toBeNull();
      await place.client.sessions.abort({ session });
    }
    await page.context().close();
  }
});
