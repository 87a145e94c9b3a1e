import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

/** Of the text on its ground, as WCAG computes it. */
const contrast = (element: Locator) =>
  element.evaluate((one) => {
    const { color, backgroundColor } = getComputedStyle(one);
    const light = (text: string) => {
      const [r = 0, g = 0, b = 0] = text
        .match(/[\d.]+/g)!
        .map((part) => Number(part) / 255)
        .map((part) => (part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [low, high] = [light(color), light(backgroundColor)].toSorted((a, b) => a - b);
    return { ground: backgroundColor, contrast: (high! + 0.05) / (low! + 0.05) };
  });

test.each(['light', 'dark'] as const)(
  'a button can be read under the pointer, too: %s',
  async (colorScheme) => {
    const page = await place.page('/new', { colorScheme });
    for (const name of ['Begin', 'New']) {
      const button = page.getByRole('button', { name, exact: true });
      await button.waitFor();
      await page.mouse.move(0, 0);
      const before = await contrast(button);
      await button.hover();
      const hovered = await contrast(button);
      expect(hovered.ground).not.toBe(before.ground);
      if (name === 'Begin') expect(hovered.contrast).toBeGreaterThan(4.5);
    }
    await page.context().close();
  },
);

test('V4: what a person wrote stands as it was written, and runs no further than its place', async () => {
  const lines =
    'First:\n\n    two | three\n| a | b |\n|---|---|\n**not** <b>bold</b>\n[[say Yes.]]';
  const session = await place.session(`${lines}\n${'x'.repeat(600)}`);
  await place.ended(session);
  const page = await place.page(`/s/${session}`, phone);
  const prompt = page.locator('.is-prompt .written');
  await prompt.waitFor();
  expect(await prompt.innerText()).toBe(`${lines}\n${'x'.repeat(600)}`);
  expect(await prompt.locator('table, strong, b').count()).toBe(0);
  await expect.poll(() => tooWide(page)).toEqual([]);
  await page.context().close();
});

/** What is on the page and cannot be seen without scrolling sideways. */
const tooWide = (page: Page) =>
  page.evaluate(() => {
    const places = [document.scrollingElement!, ...document.querySelectorAll('.page, .start')];
    return places
      .filter(({ scrollWidth }) => scrollWidth > 390)
      .map(({ className, scrollWidth }) => `${className} ${scrollWidth}`);
  });

test('no view is wider than a phone, whatever is called how', async () => {
  const title = 'A title that goes on and on, as those do that nobody has written: '.repeat(3);
  const session = await place.session('[[say Used.]] [[usage 300000|2000]] [[cost 12.5]]', {
    title,
  });
  await place.ended(session);
  await place.session('[[ask run make]]', { title });
  const page = await place.page('/', phone);
  const views = ['/', `/s/${session}`, '/inbox', '/usage', '/settings', '/new'];
  for (const view of views) {
    await page.goto(place.daemon.url + view);
    await page
      .locator(view === '/' ? '.side' : '.main')
      .getByText(/\w/)
      .first()
      .waitFor();
    if (view === '/usage') await page.locator('.day-chart canvas').waitFor();
    if (view === '/inbox') await page.getByRole('button', { name: 'Deny' }).waitFor();
    expect([view, await tooWide(page)]).toEqual([view, []]);
  }
  // All periods, and all columns of each table, are to be seen.
  await page.goto(`${place.daemon.url}/usage`);
  await page.locator('.day-chart canvas').waitFor();
  const edges = await page
    .locator('.periods label, .usage table th, .day-chart canvas')
    .evaluateAll((all) =>
      all.filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().right),
    );
  expect(edges.length).toBeGreaterThan(8);
  expect(Math.max(...edges)).toBeLessThanOrEqual(390);
  await page.context().close();
});

test('a run tells the time, and the day where it is another one; files only where it changed some', async () => {
  const session = await place.session('[[write kept.txt|one]] [[say Written.]]');
  await place.ended(session);
  await place.client.sessions.send({ session, content: '[[say Nothing else.]]' });
  const page = await place.page(`/s/${session}`);
  const ends = page.locator('.is-end');
  await expect.poll(() => ends.count()).toBe(2);
  await ends.nth(0).getByRole('button', { name: 'files' }).waitFor();
  expect(await ends.nth(1).getByRole('button', { name: 'files' }).count()).toBe(0);
  const [first, second] = await page.locator('.run-head time').allInnerTexts();
  const year = String(new Date().getFullYear());
  expect(first).toContain(year);
  expect(second).toMatch(/^\d?\d:\d\d\s?[AP]M$/);
  const told = await page.locator('.run-head time').nth(1).getAttribute('title');
  expect(told).toContain(year);
  await page.context().close();
});

test('A2: a tool call that waits for an answer says so, whatever its agent says meanwhile', async () => {
  const session = await place.session('[[ask run echo hello]] [[say Over.]]');
  const page = await place.page();
  // As of an agent that calls it running before it asks.
  const running = (text: string) => text.replaceAll('"status":"pending"', '"status":"in_progress"');
  let changed = 0;
  const told = (text: string) => {
    if (text.includes('"status":"pending"')) changed += 1;
    return running(text);
  };
  await page.routeWebSocket(/\/rpc$/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => socket.send(told(String(message))));
  });
  await page.route('**/v1/**', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: told(await answer.text()) });
  });
  await page.goto(`${place.daemon.url}/s/${session}`);
  const card = page.locator('.is-tool .tool');
  await card.locator('.tool-status').getByText('waiting', { exact: true }).waitFor();
  expect(changed).toBeGreaterThan(0);
  const allow = page.getByRole('button', { name: 'Allow once' });
  await allow.and(page.locator(':enabled:not([aria-disabled])')).click();
  await card.locator('.tool-exit').getByText('exit 0').waitFor();
  await page.context().close();
});

test('A2: what was answered is told as it was said', async () => {
  const session = await place.session('[[say Asked.]] [[hang]]');
  const schema = {
    type: 'object',
    properties: { answer: { type: 'string' } },
    required: ['answer'],
  };
  const about = { id: 'colour', message: 'Which colour?', schema };
  const { approval } = await place.client.approvals.request({ session, ...about });
  await place.client.approvals.decide({
    session,
    approval: approval.id,
    answer: { answer: 'red' },
  });
  const page = await place.page(`/s/${session}`);
  const answered = page.locator('.is-question');
  await answered.getByText('red', { exact: true }).waitFor();
  expect(await answered.locator('.decided').innerText()).not.toContain('{');
  await page.context().close();
});

test('S1 S3: where there is nothing, a browser is told so and led back; without a login it learns no more', async () => {
  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  const at = (path: string, headers: Record<string, string>) =>
    fetch(place.daemon.url + path, { headers });
  const page = await (await at('/', browser)).text();
  for (const path of ['/nothing/here', '/inbox/more', '/s', '/assets/none.js']) {
    const told = await at(path, browser);
    expect([path, told.status]).toEqual([path, 404]);
    expect(await told.text()).toBe(page);
    expect(told.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(told.headers.get('cache-control')).toBe('no-store');
    // Programs say first who they are.
    expect([path, (await at(path, { accept: 'application/json' })).status]).toEqual([path, 401]);
  }
  expect((await at('/v1/nothing/here', browser)).status).toBe(401);
  const shown = await place.page('/', phone);
  // That the address has nothing is what the browser complains of, too.
  await shown.goto(`${place.daemon.url}/nothing/here`);
  await shown.getByRole('main').getByText('There is nothing at this address.').waitFor();
  expect(await tooWide(shown)).toEqual([]);
  await shown.getByRole('button', { name: 'All sessions' }).click();
  await shown.waitForURL(`${place.daemon.url}/`);
  await shown.goto(`${place.daemon.url}/s/no-such-session`);
  await shown.getByRole('main').getByRole('alert').waitFor();
  await shown.getByRole('main').getByRole('button', { name: 'All sessions' }).click();
  await shown.waitForURL(`${place.daemon.url}/`);
  await shown.context().close();
  place.faults.splice(0, Infinity, ...place.faults.filter((fault) => !/404/.test(fault)));
});
