import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
let place: ConsolePlace;
let session: string;

beforeAll(async () => {
  place = await ConsolePlace.open();
  session = await place.session(
    '[[say One.]] [[write a.txt|one]] [[usage 1200|80]] [[cost 0.02]] [[ask run make]]',
    { title: 'On the way' },
  );
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

/** Controls that a finger would miss, and how high they are. */
const small = (page: Page) =>
  page.evaluate(() => {
    const within =
      '.nav-bar button, .composer button, .approval .verdicts button, .list-head button';
    const all = [...document.querySelectorAll<HTMLElement>(`${within}, .session-line > a`)];
    return all
      .filter((one) => one.checkVisibility())
      .map((one) => [one.textContent, Math.round(one.getBoundingClientRect().height)] as const)
      .filter(([, height]) => height < 44);
  });

test('A1 A2: on a phone one goes from the list to a session, answers, and back; nothing is too small or too wide', async () => {
  const page = await place.page('/', phone);
  const line = page.getByRole('complementary').getByRole('link').filter({ hasText: 'On the way' });
  await line.waitFor();
  expect(await small(page)).toEqual([]);
  await line.tap();
  await page.waitForURL(`**/s/${session}`);
  const allow = page.getByRole('button', { name: 'Allow once' });
  await allow.and(page.locator(':enabled')).waitFor();
  expect(await small(page)).toEqual([]);
  const box = await page.getByLabel('Message').boundingBox();
  expect(box!.y + box!.height).toBeLessThanOrEqual(phone.viewport.height);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wide).toBeLessThanOrEqual(0);
  await allow.tap();
  await page.getByRole('log').getByText('allowed', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Back to the list' }).tap();
  await line.waitFor();
  for (const name of ['Inbox', 'Usage', 'Settings']) {
    await page.getByRole('navigation', { name: 'Console' }).getByRole('button', { name }).tap();
    await page.getByRole('heading', { name, level: 1 }).waitFor();
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect([name, over]).toEqual([name, 0]);
  }
  await page.context().close();
});

test('A2: on a phone the number of an entry stands beside it, in nothing else, and is found by a finger', async () => {
  const cards = await place.session(
    '[[think Hm.]] [[say A few words.]] [[plan a;b]] [[write b.txt|one]] [[run echo two]] [[usage 900|80]]',
  );
  await place.ended(cards);
  const page = await place.page(`/s/${cards}`, phone);
  await page.getByRole('log').getByText('completed', { exact: true }).waitFor();
  const numbers = await page.locator('.raw-button').evaluateAll((all) =>
    all.map((button) => {
      const box = button.getBoundingClientRect();
      const item = button.closest('.item')!.getBoundingClientRect();
      const beside = [...button.closest('.item-inside')!.children].filter((one) => one !== button);
      const edge = Math.max(...beside.map((one) => one.getBoundingClientRect().right));
      return {
        number: button.textContent,
        seen: Number(getComputedStyle(button).opacity) === 1,
        within: box.top >= item.top - 1 && box.bottom <= item.bottom + 1 && box.right <= innerWidth,
        beside: box.left >= edge - 1,
        wide: Math.min(box.width, box.height) >= 24,
      };
    }),
  );
  expect(numbers.length).toBeGreaterThan(5);
  for (const one of numbers) {
    expect(one).toEqual({ ...one, seen: true, within: true, beside: true, wide: true });
  }
  await page.locator('.raw-button').nth(2).tap();
  await page
    .locator('.raw figcaption')
    .getByText(/^entry \d+/)
    .waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wide).toBeLessThanOrEqual(0);
  await page.context().close();
});

test('the composer stays above the keyboard of a phone', async () => {
  const page = await place.page(`/s/${session}`, phone);
  await page.getByLabel('Message').waitFor();
  // Browsers make the page smaller for the keyboard, as its viewport says (resizes-content).
  const viewport = await page.locator('meta[name=viewport]').getAttribute('content');
  expect(viewport).toContain('interactive-widget=resizes-content');
  await page.getByLabel('Message').tap();
  await page.setViewportSize({ width: 390, height: 480 });
  const box = await page.getByLabel('Message').boundingBox();
  expect(box!.y + box!.height).toBeLessThanOrEqual(480);
  const size = await page
    .getByLabel('Message')
    .evaluate((field) => Number.parseFloat(getComputedStyle(field).fontSize));
  expect(size).toBeGreaterThanOrEqual(16);
  await page.context().close();
});

test('who wishes less motion gets none', async () => {
  const page = await place.page(`/s/${session}`, { reducedMotion: 'reduce' });
  await page.getByLabel('Message').waitFor();
  const moving = await page.evaluate(
    () =>
      [...document.querySelectorAll('*')].filter((one) => {
        const { animationName, transitionDuration } = getComputedStyle(one);
        return animationName !== 'none' || Number.parseFloat(transitionDuration) > 0;
      }).length,
  );
  expect(moving).toBe(0);
  await page.context().close();
});
