import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { money } from '../../console/src/text/amounts.ts';
import { imported } from './imported.ts';
import { Line } from './line.ts';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
// That there is no such session is what one page asks about, and that a line is cut what another one sees.
afterEach(() =>
  expect(place.faults.filter((fault) => !/status of 40[14]|ERR_FAILED/.test(fault))).toEqual([]),
);

const field = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const log = (page: Page) => page.getByRole('log');
const loggedIn = (page: Page) => page.getByRole('navigation', { name: 'Console' }).waitFor();

/** Another tab of the same browser. */
async function tabOf(page: Page, session: string): Promise<Page> {
  const tab = await page.context().newPage();
  await tab.goto(`${place.daemon.url}/s/${session}`);
  await log(tab).waitFor();
  return tab;
}

test('P1: what is written in one tab is neither lost nor comes back by what is written in another', async () => {
  const [one, two] = [await place.session('[[say One.]]'), await place.session('[[say Two.]]')];
  const first = await place.page(`/s/${one}`);
  await field(first).fill('[[say Sent.]]');
  const second = await tabOf(first, two);
  await first.keyboard.press('Enter');
  await log(first).getByText('Sent.', { exact: true }).waitFor();
  await field(first).fill('a thought');
  await field(second).fill('another thought');
  await first.reload();
  await log(first).getByText('Sent.', { exact: true }).waitFor();
  expect(await field(first).inputValue()).toBe('a thought');
  await field(first).fill('');
  await field(second).fill('yet another');
  await first.reload();
  await log(first).getByText('Sent.', { exact: true }).waitFor();
  expect(await field(first).inputValue()).toBe('');
  await second.reload();
  await log(second).getByText('Two.', { exact: true }).waitFor();
  expect(await field(second).inputValue()).toBe('yet another');
  await first.context().close();
});

test('V5: what is pinned in one tab is pinned in the others, and stays when they pin something else', async () => {
  const one = await place.session('[[say One.]]', { title: 'Pinned first' });
  await place.session('[[say Two.]]', { title: 'Pinned second' });
  const first = await place.page(`/s/${one}`);
  const second = await tabOf(first, one);
  const lineOf = (page: Page, title: string) =>
    page.locator('.session-line').filter({ hasText: title });
  const pin = async (page: Page, title: string) => {
    await lineOf(page, title).hover();
    await lineOf(page, title).getByRole('button', { name: 'Pin' }).click();
  };
  await pin(first, 'Pinned first');
  await pin(second, 'Pinned second');
  for (const page of [first, second]) {
    for (const title of ['Pinned first', 'Pinned second'])
      await lineOf(page, title)
        .locator('[aria-label=Pin][aria-pressed=true]')
        .waitFor({ state: 'attached' });
  }
  await first.context().close();
});

test('S1: logging in once more in another tab leaves both tabs logged in', async () => {
  const session = await place.session('[[say Here.]]');
  const first = await place.page();
  const line = await Line.under(first);
  await first.goto(`${place.daemon.url}/s/${session}`);
  await log(first).getByText('Here.', { exact: true }).waitFor();
  const key = () => first.evaluate(() => localStorage.getItem('turnkeep.page'));
  const before = await key();
  const second = await first.context().newPage();
  await second.goto(await place.link());
  await loggedIn(second);
  await line.cut();
  await line.mend();
  await place.client.sessions.send({ session, content: '[[say Back again.]]' });
  await log(first).getByText('Back again.', { exact: true }).waitFor();
  const now = await key();
  expect(now).not.toBe(before);
  expect(now).not.toBeNull();
  await second.reload();
  await loggedIn(second);
  await first.context().close();
});

test('S6: a cost in a currency that there is not, and an address that is none, leave the page whole', async () => {
  const tokens = { input: 5, output: 5, cacheRead: 0, cacheWrite: 0, thought: 0 };
  const cost = { amount: 0.5, currency: 'credits' };
  await imported(place, 'odd-money', [{ kind: 'usage', data: { key: 'k', tokens, cost } }]);
  const page = await place.page();
  await page.locator('.session-line').getByText('0.5 credits').waitFor();
  await page.goto(`${place.daemon.url}/s/%E0%A4%A`);
  await loggedIn(page);
  await page.getByRole('main').getByRole('alert').waitFor();
  expect(money({ amount: 2, currency: '' })).toBe('2');
  expect(money({ amount: 2, currency: 'US\u202ED' })).not.toContain('\u202E');
  await page.context().close();
});
