import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
let place: ConsolePlace;
let base: string;

beforeAll(async () => {
  place = await ConsolePlace.open();
  const spent = await place.session('[[say One.]] [[usage 30000|900]] [[cost 0.4]]', {
    title: 'Spent',
  });
  await place.ended(spent);
  await place.session('[[hang]]', { title: 'Busy' });
  await writeFile(path.join(place.cwd, 'a.txt'), 'one\ntwo\n');
  base = await place.session('[[say Before.]] [[edit a.txt|two|three]]', { title: 'The base' });
  const entries = await place.ended(base);
  const at = entries.find(({ kind }) => kind === 'message')!.id;
  await place.client.sessions.fork({ session: base, at });
});
afterAll(() => place.close());

/** Serious faults of what is on the page, or in a part of it, as axe sees them. */
async function faultsOf(page: Page, within = 'html'): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  }>(`axe.run(${JSON.stringify(within)})`);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

const looks = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['light, on a phone', { colorScheme: 'light', ...phone }],
  ['dark, on a phone', { colorScheme: 'dark', ...phone }],
] as const;

// The views as they are opened are in access.test.ts: these are what is opened in them.
test.each(looks)(
  'palette, help, the choosing of several and usage keep nobody out: %s',
  async (_look, options) => {
    const page = await place.page('/', options);
    await page.locator('.session-line').first().waitFor();
    await page.getByRole('button', { name: 'Select', exact: true }).click();
    await page.getByRole('checkbox', { name: 'Select Busy' }).check();
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

/** What is chosen of the menu of a session, and what has come when its dialog is there. */
const dialogs: readonly (readonly [string, string | RegExp])[] = [
  ['Settings …', 'Model'],
  ['Fork …', 'What is to be done there'],
  ['Compare branches …', /^entry \d+$/],
  ['Files changed …', 'a.txt'],
  ['Compact …', 'Summary of what came before'],
  ['New conversation …', 'Begin anew'],
  ['Delete …', 'Delete'],
];

test.each(looks)(
  'the dialogs of the history of a session keep nobody out: %s',
  async (_look, options) => {
    const page = await place.page(`/s/${base}`, options);
    await page.getByRole('log').getByText('Before.', { exact: true }).waitFor();
    for (const [name, there] of dialogs) {
      await page.getByRole('button', { name: 'Session', exact: true }).click();
      if (name === 'Settings …') expect(['menu', await faultsOf(page)]).toEqual(['menu', []]);
      await page.getByRole('menuitem', { name }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(there).first().waitFor();
      // What is behind it is inert, and looked at elsewhere.
      expect([name, await faultsOf(page, 'dialog[open]')]).toEqual([name, []]);
      const wide = await dialog.evaluate((one) => one.scrollWidth - one.clientWidth);
      expect([name, wide]).toEqual([name, 0]);
      await dialog.getByRole('button', { name: 'Close', exact: true }).first().click();
      await dialog.waitFor({ state: 'detached' });
    }
    expect(place.faults).toEqual([]);
    await page.context().close();
  },
);
