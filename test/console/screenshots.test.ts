import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

// The views as people see them, in a directory to look at: SCREENSHOTS, else nowhere that stays. Those of
// docs/pictures are from here, with projects in PROJECTS, such as /home/ada/code: pages show where they are.
const folder = process.env['SCREENSHOTS'];
const given = process.env['PROJECTS'];
const made: string[] = [];
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
let place: ConsolePlace;
let work: string;
let asks: string;

beforeAll(async () => {
  place = await ConsolePlace.open();
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const at = (name: string) => ({ cwd: path.join(given ?? place.cwd, name) });
  for (const name of ['orchard', 'website']) {
    // Not one that is there: what is made here is removed again.
    mkdirSync(at(name).cwd);
    made.push(at(name).cwd);
  }
  work = await place.session(
    [
      '[[pace 0]] [[think The upload test fails now and then: a race, I would say.]]',
      '[[say I will look at the **failing test** first, then at the code that it runs.]]',
      '[[plan read the test;close the race;run the suite]]',
      '[[write upload.ts|export function upload(file: File) {\\n  return send(file);\\n}\\n]]',
      '[[edit upload.ts|return send(file)|return queue.add(() => send(file))]]',
      '[[run echo "ok 1 - uploads one file"; echo "ok 2 - uploads many at once"]]',
      '[[say The race is closed: uploads go **one after the other**.\\n\\n- `upload.ts` queues them\\n- the suite passes, ten times in a row\\n\\n```ts\\nqueue.add(() => send(file));\\n```]]',
      '[[usage 12400|840]] [[cost 0.0431]]',
    ].join(' '),
    { title: 'Fix the flaky upload test', ...at('orchard') },
  );
  await place.ended(work);
  await place.session('[[say It waits for the next release.]]', {
    title: 'Release notes',
    ...at('website'),
  });
  await place.session('[[say I am reading the parser.]] [[hang]]', {
    title: 'Refactor the parser',
    ...at('orchard'),
  });
  await place.session('[[fail -32000|the model is overloaded]]', {
    title: 'Find dead links',
    ...at('website'),
  });
  asks = await place.session(
    '[[say All is built. Deploying needs your word.]] [[ask run make deploy TARGET=staging]]',
    { title: 'Deploy to staging', ...at('website') },
  );
});
afterAll(async () => {
  for (const project of made) rmSync(project, { recursive: true });
  await place.close();
});

async function take(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  const picture = await page.screenshot(
    folder === undefined ? {} : { path: path.join(folder, `${name}.png`) },
  );
  expect(picture.byteLength).toBeGreaterThan(5000);
}

test.each([
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['phone', phone],
] as const)('the main views can be looked at: %s', async (look, options) => {
  const page = await place.page(`/s/${work}`, options);
  await page.getByRole('log').getByText('completed').waitFor();
  await take(page, `session-${look}`);
  await page.goto(`${place.daemon.url}/s/${asks}`);
  const allow = page.getByRole('button', { name: 'Allow once' });
  await allow.and(page.locator(':enabled')).waitFor();
  await take(page, `approval-${look}`);
  await page.goto(`${place.daemon.url}/`);
  await page.getByText('Release notes').waitFor();
  await take(page, `list-${look}`);
  for (const view of ['inbox', 'usage', 'settings', 'new']) {
    await page.goto(`${place.daemon.url}/${view}`);
    await page.getByRole('main').waitFor();
    if (view === 'usage') await page.locator('.day-chart canvas').waitFor();
    await take(page, `${view}-${look}`);
  }
  // Nothing is wider than the screen.
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wide).toBeLessThanOrEqual(0);
  expect(place.faults).toEqual([]);
  await page.context().close();
});
