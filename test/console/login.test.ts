import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());

const loggedOut = (page: Page) => page.getByText('turnkeep console', { exact: true }).waitFor();
const loggedIn = (page: Page) => page.getByRole('navigation', { name: 'Console' }).waitFor();

test('S1: the link of `up` logs a browser in, and leaves no code in the address or its history', async () => {
  const { console: link } = JSON.parse(place.daemon.told.out) as { console: string };
  const page = await place.blank();
  await page.goto(link);
  await loggedIn(page);
  expect(page.url()).toBe(`${place.daemon.url}/`);
  await page.getByRole('heading', { name: 'Begin your first session' }).waitFor();
  expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2);
  const kept = await page.evaluate(
    () => JSON.stringify(Object.entries(localStorage)) + document.cookie,
  );
  expect(kept).not.toContain(link.split('#code=')[1]);
  expect(kept).not.toContain('tk_');
  await page.reload();
  await loggedIn(page);
  expect(place.faults).toEqual([]);
  await page.context().close();
});

test('S1: without a code, with a used one, a wrong one or half of a login nobody gets in', async () => {
  const bare = await place.blank();
  await bare.goto(place.daemon.url);
  await loggedOut(bare);
  const link = await place.link();
  const first = await place.blank();
  await first.goto(link);
  await loggedIn(first);
  const second = await place.blank();
  await second.goto(link);
  await loggedOut(second);
  await second.goto(`${place.daemon.url}/#code=aaaaaa.${'A'.repeat(22)}`);
  await second.reload();
  await loggedOut(second);
  // The page's half alone, as another program of this machine could have read it from a disk.
  const key = await first.evaluate(() => localStorage.getItem('turnkeep.page'));
  await bare.evaluate((half) => localStorage.setItem('turnkeep.page', half!), key);
  await bare.reload();
  await loggedOut(bare);
  // The cookie alone, as every port of the host is sent it.
  await first.evaluate(() => localStorage.removeItem('turnkeep.page'));
  await first.reload();
  await loggedOut(first);
  for (const page of [bare, first, second]) await page.context().close();
});

test('S1: a login that is revoked ends its pages at once', async () => {
  const page = await place.page();
  const { tokens } = await place.client.tokens.list();
  for (const { id, usedAt } of tokens) {
    if (usedAt !== undefined) await place.client.tokens.revoke({ id });
  }
  await loggedOut(page);
  await page.context().close();
});

test('S1: who logs out is logged out at the daemon, and has neither half any more', async () => {
  const page = await place.page('/settings');
  const stays = await place.page('/settings');
  const logins = page.getByRole('region', { name: 'Logins' });
  // It sees itself alone.
  await logins.getByText('Chrome on Linux').waitFor();
  expect(await logins.getByRole('listitem').count()).toBe(1);
  await logins.getByText('this browser').waitFor();
  const before = (await place.client.logins.list()).logins.length;
  await logins.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'This browser is logged out.' }).waitFor();
  await expect.poll(() => page.context().cookies()).toEqual([]);
  expect(await page.evaluate(() => localStorage.getItem('turnkeep.page'))).toBeNull();
  expect((await place.client.logins.list()).logins).toHaveLength(before - 1);
  await stays.reload();
  await loggedIn(stays);
  for (const one of [page, stays]) await one.context().close();
});

test('S1: a login that administers sees the others and ends them; the others are told no such way', async () => {
  const { code } = await place.client.logins.create({ admin: true });
  const admin = await place.blank();
  await admin.goto(`${place.daemon.url}/#code=${code}`);
  await loggedIn(admin);
  const other = await place.page('/settings', {
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  });
  const shown = other.getByRole('region', { name: 'Logins' });
  await shown.getByText('turnkeep console --admin').waitFor();
  expect(await shown.getByRole('button', { name: /the login of/ }).count()).toBe(0);
  await admin.goto(`${place.daemon.url}/settings`);
  const logins = admin.getByRole('region', { name: 'Logins' });
  await logins.getByText('administers').waitFor();
  expect(await logins.getByText('this browser').count()).toBe(1);
  await logins.getByRole('button', { name: 'End the login of Firefox on Linux' }).click();
  await logins.getByRole('button', { name: 'Really end the login of Firefox on Linux' }).click();
  await loggedOut(other);
  await logins.getByText('Firefox on Linux').waitFor({ state: 'detached' });
  for (const one of [admin, other]) await one.context().close();
});

test('S1: a link that is put into the address of a page that is open logs it in', async () => {
  const page = await place.blank();
  await page.goto(place.daemon.url);
  await loggedOut(page);
  await page.evaluate(() => Object.assign(window, { same: true }));
  await page.goto(await place.link());
  await loggedIn(page);
  expect(page.url()).toBe(`${place.daemon.url}/`);
  expect(await page.evaluate(() => 'same' in window)).toBe(true);
  await page.context().close();
});

test('S1: where nobody takes the code the page says so, and tries once more', async () => {
  const page = await place.blank();
  await page.route('**/login', (route) => route.abort());
  await page.goto(await place.link());
  await page.getByRole('alert').getByText('The daemon did not answer.').waitFor();
  await page.route('**/login', (route) =>
    route.fulfill({ status: 503, json: { error: { code: 'unavailable', message: 'Later.' } } }),
  );
  const again = page.getByRole('button', { name: 'Try again' });
  await again.click();
  await page.getByRole('alert').getByText('Later.').waitFor();
  await page.unroute('**/login');
  await again.click();
  await loggedIn(page);
  await page.context().close();
});

test('S1: a browser that lets the page keep nothing is logged in for as long as the page is open', async () => {
  const page = await place.blank();
  await page.addInitScript(() => {
    Object.defineProperty(window, 'localStorage', {
      get: () => {
        throw new DOMException('Not allowed.', 'SecurityError');
      },
    });
  });
  await page.goto(await place.link());
  await loggedIn(page);
  await page.reload();
  await loggedOut(page);
  await page.context().close();
});

test('S1: the cookie of a login that is used lives on', async () => {
  const page = await place.page();
  const context = page.context();
  const seconds = () => Date.now() / 1000;
  const [cookie] = await context.cookies();
  await context.addCookies([{ ...cookie!, expires: seconds() + 3600 }]);
  const renewed = page.waitForResponse('**/login/renew');
  await page.reload();
  await renewed;
  const [now] = await context.cookies();
  expect(now!.value).toBe(cookie!.value);
  expect(now!.expires).toBeGreaterThan(seconds() + 29 * 86_400);
  await context.close();
});
