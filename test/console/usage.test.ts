import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

test('what was used stands on the page as the daemon sums it up: in all, by day, agent, model and session', async () => {
  for (const [title, tokens, cost] of [
    ['Dear', '30000|2000', '0.5'],
    ['Cheap', '1000|100', '0.01'],
  ] as const) {
    const session = await place.session(`[[say Done.]] [[usage ${tokens}]] [[cost ${cost}]]`, {
      title,
    });
    await place.ended(session);
  }
  const { total, rows } = await place.client.usage.summary({ by: ['model'] });
  expect(total.cost).toMatchObject([{ amount: 0.51, currency: 'USD' }]);
  const page = await place.page('/usage');
  const main = page.getByRole('main');
  await main.getByText('$0.51').first().waitFor();
  await main.locator('.totals').getByText('33.1k').waitFor();
  for (const { model } of rows)
    await main.getByRole('rowheader', { name: model ?? 'not named' }).waitFor();
  const bySession = main.getByRole('table', { name: 'By session' });
  const names = await bySession.getByRole('rowheader').allTextContents();
  expect(names).toEqual(['Dear', 'Cheap']);
  // The chart is drawn, and the same stands in a table.
  await main.locator('.day-chart canvas').waitFor();
  const drawn = await main.locator('.day-chart canvas').evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement)
      .getContext('2d')!
      .getImageData(0, 0, width, height);
    const accent = getComputedStyle(canvas).getPropertyValue('--accent').trim();
    const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(accent.slice(at, at + 2), 16));
    let found = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === r && data[at + 1] === g && data[at + 2] === b) found += 1;
    }
    return found;
  });
  expect(drawn).toBeGreaterThan(200);
  await main.getByText('As a table').click();
  await main
    .getByRole('row', { name: /33\.1k/ })
    .first()
    .waitFor();
  // A run that ends while the page is open is counted.
  await place.ended(await place.session('[[usage 60000|0]]', { title: 'Late' }));
  await bySession.getByRole('rowheader', { name: 'Late' }).waitFor();
  await bySession.getByRole('button', { name: 'Dear' }).click();
  await page.getByRole('heading', { name: 'Dear' }).waitFor();
  await page.context().close();
});

test('a budget is set, shown with what is used of it, and taken away; one that is none is refused', async () => {
  const session = await place.session('[[usage 8000|500]]', { title: 'Limited' });
  await place.ended(session);
  await place.client.budgets.set({
    budget: { limits: { runs: 100 }, action: 'warn', period: 'day' },
  });
  const page = await place.page('/usage');
  const main = page.getByRole('main');
  await main.getByRole('group', { name: 'All sessions, each day' }).getByText('of 100').waitFor();
  await main.getByLabel('One session').selectOption({ label: 'Limited' });
  await main.getByRole('group', { name: 'This session' }).getByText('no budget').waitFor();
  const form = main.getByRole('form', { name: 'Budget of the session' });
  await form.getByLabel('Tokens').fill('10000');
  await form.getByLabel('When one is reached').selectOption('stop');
  await form.getByRole('button', { name: 'Set the budget' }).click();
  await main.getByRole('group', { name: 'This session' }).getByText('8.5k of 10.0k').waitFor();
  const { budget } = await place.client.budgets.get({ session });
  expect(budget).toMatchObject({ limits: { tokens: 10_000 }, action: 'stop' });
  await form.getByLabel('Tokens').fill('0.5');
  await form.getByRole('button', { name: 'Set the budget' }).click();
  await form.getByRole('alert').waitFor();
  await form.getByRole('button', { name: 'Take it away' }).click();
  await main.getByRole('group', { name: 'This session' }).getByText('no budget').waitFor();
  expect((await place.client.budgets.get({ session })).budget).toBeNull();
  await place.client.budgets.set({ budget: null });
  await page.context().close();
});

test('U4 S1: the budget of all sessions is set by a login that administers; others are told what sets it', async () => {
  const plain = await place.page('/usage');
  const shown = plain.getByRole('main');
  await shown.getByRole('group', { name: 'All sessions' }).getByText('no budget').waitFor();
  await shown.getByText('turnkeep budget --cost 50 --per-day --action stop').waitFor();
  expect(await shown.getByRole('form', { name: 'Budget of all sessions' }).count()).toBe(0);
  const { code } = await place.client.logins.create({ admin: true });
  const page = await place.blank();
  await page.goto(`${place.daemon.url}/#code=${code}`);
  await page.getByRole('navigation', { name: 'Console' }).waitFor();
  await page.goto(`${place.daemon.url}/usage`);
  const main = page.getByRole('main');
  const form = main.getByRole('form', { name: 'Budget of all sessions' });
  await form.getByLabel('Runs').fill('50');
  await form.getByLabel('When one is reached').selectOption('warn');
  await form.getByLabel('Counted').selectOption('day');
  await form.getByRole('button', { name: 'Set the budget' }).click();
  await main.getByRole('group', { name: 'All sessions, each day' }).getByText('of 50').waitFor();
  expect((await place.client.budgets.get()).budget).toEqual({
    limits: { runs: 50 },
    action: 'warn',
    period: 'day',
  });
  await form.getByRole('button', { name: 'Take it away' }).click();
  await main.getByRole('group', { name: 'All sessions' }).getByText('no budget').waitFor();
  expect((await place.client.budgets.get()).budget).toBeNull();
  for (const one of [plain, page]) await one.context().close();
});

test('the context gauge stands in the head of a session, also on a phone, as the daemon tells it', async () => {
  const session = await place.session('[[say Full.]] [[usage 30000|2000]]', { title: 'Filling' });
  await place.ended(session);
  const { context } = (await place.client.sessions.get({ session })).session;
  expect(context.known).toBe(true);
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  for (const options of [{}, phone]) {
    const page = await place.page(`/s/${session}`, options);
    const head = page.locator('.session-head');
    const gauge = head.getByRole('meter', { name: 'Context used' });
    await gauge.waitFor({ state: 'attached' });
    const percent = Math.round((context.used / context.size) * 100);
    expect(await gauge.getAttribute('value')).toBe(String(percent));
    const told = await head.locator('.gauge-text').boundingBox();
    expect(told!.x + told!.width).toBeLessThanOrEqual(page.viewportSize()!.width);
    expect(await head.locator('.gauge-text').innerText()).toMatch(/^[\d.]+k of [\d.]+[kM]$/);
    await page.context().close();
  }
});
