import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { openBrowser } from '../../test/console/browser.ts';
import type { BenchDaemon } from './daemon.ts';
import { fill, Growing, lengthen, openAt } from './fill.ts';
import type { Place } from './place.ts';
import { type Measure, quantile, type Result, result } from './result.ts';

const inPage = fileURLToPath(new URL('./console-page.mjs', import.meta.url));
const entryChars = 2000;

/** The console in Chromium: a list of 10,000 sessions, and one of them of 100 MB. */
export const consoleTimes: Measure = async (place) => {
  const entries = place.size(50_000, 500);
  await fill(place.path('console'), place.size(10_000, 300) - 1, 2);
  const store = await openAt(place.path('console'));
  await lengthen(store, new Growing('long', entryChars), { entries, together: 500 });
  await store.close();
  // The browser has the processors for itself.
  const daemon = await place.daemon('console', { as: { agent: null }, probed: false });
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript({ path: inPage });
    const { code } = await daemon.call('logins.create', {});
    await page.goto(`${daemon.url}/#code=${String(code)}`);
    return await measured(page, { daemon, place, entries });
  } finally {
    await browser.close();
    await daemon.stop();
  }
};

async function measured(
  page: Page,
  { daemon, place, entries }: { daemon: BenchDaemon; place: Place; entries: number },
): Promise<Result[]> {
  await page.locator('.session-line').first().waitFor();
  const lists: number[] = [];
  const tails: number[] = [];
  for (let round = 0; round < place.size(20, 2); round++) {
    const began = performance.now();
    await page.goto(`${daemon.url}/inbox`);
    await page.locator('.session-line').first().waitFor();
    lists.push(performance.now() - began);
    await page.getByLabel('Filter sessions').fill('work of long');
    await page.locator('.session-line > a').filter({ hasText: 'Work of long' }).waitFor();
    tails.push(await page.evaluate<number>(`bench.tail('Work of long', ${entries})`));
  }
  const steps = place.size(300, 20);
  const up = await page.evaluate<number[]>(`bench.scroll('[role=log]', ${steps}, -0.8)`);
  await page.getByLabel('Filter sessions').fill('');
  await page.locator('.session-line').nth(3).waitFor();
  const list = await page.evaluate<number[]>(`bench.scroll('.list', ${steps}, 0.9)`);
  return [
    ...spread('list', ['a page with 10,000 sessions to its first lines', lists], null),
    ...spread('tail', ['click to the tail of a session of 100 MB', tails], { atMost: 500 }),
    ...spread('frames-log', ['frames while that is scrolled up by screens', up], null),
    ...spread('frames-list', ['frames while the list is scrolled by screens', list], null),
  ];
}

function spread(
  id: string,
  [title, values]: [title: string, values: readonly number[]],
  target: { atMost: number } | null,
): Result[] {
  const at = (share: number) => quantile(values, share);
  return [
    result(`console-${id}-p50`, `${title}, p50`, at(0.5), 'ms', target),
    result(`console-${id}-p95`, '… p95', at(0.95), 'ms'),
    result(`console-${id}-p99`, '… p99', at(0.99), 'ms'),
  ];
}
