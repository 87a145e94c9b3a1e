import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
  const spent = await place.session('[[say One.]] [[usage 30000|900]] [[cost 0.4]]', {
    title: 'Spent',
  });
  await place.ended(spent);
  await place.session('[[hang]]', { title: 'Busy' });
});
afterAll(() => place.close());

/** Serious faults of what is on the page, as axe sees them. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  }>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

// The views as they are opened are in access.test.ts: these are what is opened in them.
test.each([
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['light, on a phone', { colorScheme: 'light', ...phone }],
  ['dark, on a phone', { colorScheme: 'dark', ...phone }],
] as const)(
  'palette, help, the choosing of several and usage keep nobody out: %s',
  async (_look, options) => {
    const page = await place.page('/', options);
    await page.locator('.session-line').first().waitFor();
    await page.getByRole('button', { name: 'Choose', exact: true }).click();
    await page.getByRole('checkbox', { name: 'Choose Busy' }).check();
    expect(['several', await faultsOf(page)]).toEqual(['several', []]);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    expect(['help', await faultsOf(page)]).toEqual(['help', []]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('ControlOrMeta+k');
    await page.getByRole('option').first().waitFor();
    expect(['palette', await faultsOf(page)]).toEqual(['palette', []]);
    await page.keyboard.press('Escape');
    await page.goto(`${place.daemon.url}/usage`);
    await page.locator('.day-chart canvas').waitFor();
    await page.getByLabel('One session').selectOption({ label: 'Spent' });
    await page.getByRole('form').waitFor();
    expect(['usage', await faultsOf(page)]).toEqual(['usage', []]);
    expect(place.faults).toEqual([]);
    await page.context().close();
  },
);
