import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

test('S5: a first visit offers a directory and something to try; what it is refused for stands where that is', async () => {
  const { cwd } = await place.client.server.info();
  const page = await place.page();
  const directory = page.getByLabel('Directory', { exact: true });
  await expect.poll(() => directory.inputValue()).toBe(cwd);
  const field = page.getByLabel('What is to be done');
  expect(await page.locator('.examples button').count()).toBe(2);
  await page.getByRole('button', { name: 'Ask before a command' }).click();
  expect(await field.inputValue()).toContain('[[ask run');
  const example = page.getByRole('button', { name: 'Ask before a command' });
  await field.press('End');
  await field.pressSequentially(' ');
  await example.waitFor({ state: 'hidden' });
  await directory.fill(`${place.cwd}/none`);
  await page.getByRole('button', { name: 'Begin', exact: true }).click();
  const problem = page.getByRole('alert').filter({ hasText: 'does not exist' });
  await problem.waitFor();
  const [at, of, next] = await Promise.all(
    [problem, directory, field].map((one) => one.boundingBox()),
  );
  expect(at!.y - (of!.y + of!.height)).toBeLessThan(12);
  expect(at!.y).toBeLessThan(next!.y);
  expect(await directory.getAttribute('aria-invalid')).toBe('true');
  await directory.fill(place.cwd);
  await page.getByRole('button', { name: 'Begin', exact: true }).click();
  await page.getByRole('button', { name: 'Allow once' }).waitFor();
  // The directories of sessions are there to be picked.
  await page.goto(`${place.daemon.url}/new`);
  await expect.poll(() => directory.inputValue()).toBe(place.cwd);
  await page.getByRole('group', { name: 'Known directories' }).getByText(cwd).click();
  expect(await directory.inputValue()).toBe(cwd);
  await page.context().close();
});

test('an agent that is not there is said to be so, and stands folded below those that are', async () => {
  const { agents } = await place.client.agents.probe({});
  const missing = agents.filter(({ found }) => found?.state === 'missing');
  const ready = agents.filter(({ found }) => found?.state === 'ready');
  expect(ready.map(({ name }) => name)).toContain('scripted');
  expect(missing.length).toBeGreaterThan(0);
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const page = await place.page('/new', phone);
  const fold = page.locator('.other-agents');
  await fold
    .getByText(/not installed|not ready/)
    .first()
    .waitFor();
  const { title } = missing[0]!;
  const one = page.getByRole('radio', { name: title });
  expect(await one.isVisible()).toBe(false);
  const begin = await page.getByRole('button', { name: 'Begin', exact: true }).boundingBox();
  const bar = await page.getByRole('navigation', { name: 'Console' }).boundingBox();
  expect(begin!.y + begin!.height).toBeLessThanOrEqual(bar!.y);
  await fold.locator('summary').click();
  await page.getByText('not installed').last().waitFor();
  expect(await one.isDisabled()).toBe(true);
  await page.context().close();
});
