import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fill, Growing, lengthen, openAt } from '../../scripts/bench/fill.ts';
import { nodeClient } from '../../src/client/node/node-client.ts';
import type { Client } from '../../src/client/client.ts';
import { Daemon } from '../scenarios/daemon.ts';
import { openBrowser } from './browser.ts';
import { drifted, settled } from './scroll-log.ts';

const sessions = 10_000;
const entryChars = 2_000;
const entries = 50_000;
let home: string;
let daemon: Daemon;
let client: Client;
let browser: Browser;

beforeAll(async () => {
  home = realpathSync(mkdtempSync(path.join(tmpdir(), 'turnkeep-scale-')));
  const state = path.join(home, 'state');
  await fill(state, sessions - 1, 2);
  const store = await openAt(state);
  // 100 MB, as an agent would have written them.
  await lengthen(store, new Growing('long', entryChars), { entries, together: 500 });
  await store.close();
  daemon = await Daemon.start(state);
  client = await nodeClient({ url: daemon.url, tokenFile: daemon.tokenFile, env: {} });
  browser = await openBrowser();
}, 240_000);
afterAll(async () => {
  await browser.close();
  await client.server.shutdown({ mode: 'stop' });
  client.close();
  await daemon.exited();
  rmSync(home, { recursive: true });
});

async function open(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const { code } = await client.logins.create();
  await page.goto(`${daemon.url}/#code=${code}`);
  await page.locator('.session-line').first().waitFor();
  return page;
}

const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1]!;

test('V5: of 10,000 sessions the latest are listed at once; all are scrolled through and filtered with few lines in the page', async () => {
  const before = performance.now();
  const page = await open();
  const first = performance.now() - before;
  const group = page.locator('.group-count');
  await expect.poll(() => group.first().textContent(), { timeout: 60_000 }).toBe(String(sessions));
  const whole = performance.now() - before;
  // Scrolled from one end to the other, a screen in each frame.
  const told = await page.locator('.list').evaluate(async (list) => {
    const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
    const gaps: number[] = [];
    let most = 0;
    let empty = 0;
    let last = await frame();
    for (let step = 0; step < 120; step += 1) {
      list.scrollBy(0, list.clientHeight * 0.9);
      const now = await frame();
      gaps.push(now - last);
      last = now;
      const lines = list.querySelectorAll('.session-line').length;
      most = Math.max(most, lines);
      if (lines === 0) empty += 1;
    }
    // Lines that come into sight are measured, and may be higher than was thought.
    for (let times = 0; times < 10; times += 1) {
      list.scrollTo(0, list.scrollHeight);
      await frame();
      await frame();
    }
    const end = list.scrollHeight - list.clientHeight - list.scrollTop;
    return { gaps, most, empty, end };
  });
  const filtered = performance.now();
  await page.getByLabel('Filter sessions').fill('s777');
  await expect.poll(() => group.first().textContent()).toBe('11');
  console.log(
    `10,000 sessions: first lines ${Math.round(first)} ms, all ${Math.round(whole)} ms,` +
      ` frame ${median(told.gaps).toFixed(1)} ms, filter ${Math.round(performance.now() - filtered)} ms`,
  );
  expect(told.most).toBeLessThan(60);
  expect(told.empty).toBe(0);
  expect(told.end).toBeLessThan(2);
  expect(median(told.gaps)).toBeLessThan(100);
  expect(first).toBeLessThan(whole);
  await page.context().close();
});

test('V1: the tail of a session of 100 MB is there at once, and scrolling up reads pages, in bounded memory', async () => {
  const page = await open();
  await page.getByLabel('Filter sessions').fill('work of long');
  const line = page.locator('.session-line > a').filter({ hasText: 'Work of long' });
  const log = page.getByRole('log');
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    await page.goto(`${daemon.url}/inbox`);
    await page.getByLabel('Filter sessions').fill('work of long');
    await line.waitFor();
    times.push(await timeToTail(page));
  }
  console.log(`100 MB: tail in sight after ${times.map(Math.round).join(', ')} ms`);
  // What is promised (500 ms) is measured by `npm run bench -- --only console`, on a machine that does nothing else.
  expect(median(times)).toBeLessThan(2_500);
  const told = await client.sessions.get({ session: 'long' });
  expect(told.session.lastSeq).toBe(entries);
  // By the wheel, as people do, until several pages were read.
  await log.hover();
  let highest = entries;
  const until = Date.now() + 25_000;
  while (highest > entries - 500 && Date.now() < until) {
    await page.mouse.wheel(0, -4000);
    highest = Number(await log.locator('[data-seq]').first().getAttribute('data-seq'));
    expect(await page.locator('.item').count()).toBeLessThan(80);
  }
  expect(highest).toBeLessThanOrEqual(entries - 500);
  const heap = await page.evaluate(
    () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
  );
  console.log(
    `100 MB: scrolled up to entry ${highest}; the page holds ${Math.round(heap / 1e6)} MB`,
  );
  expect(heap).toBeLessThan(400e6);
  await page.context().close();
});

test('V1: a link into the middle of 100 MB leads to its entry, which stays there; scrolling on, frames are drawn', async () => {
  const page = await open();
  const [seq, log] = [25_000, page.getByRole('log')];
  await page.goto(`${daemon.url}/s/long/e/${seq}`);
  const entry = log.locator(`[data-seq="${seq}"]`);
  await entry.waitFor();
  const top = () => entry.evaluate((one) => Math.round(one.getBoundingClientRect().top));
  const first = await top();
  await settled(page);
  expect(Math.abs((await top()) - first)).toBeLessThanOrEqual(1);
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(600);
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(window, { tasks });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: 'longtask' });
  });
  const up = await log.evaluate(drifted, { steps: 120, by: -600 });
  const tasks = await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks);
  console.log(
    `100 MB: scrolled from entry ${seq} to ${up.first}: median step of two frames ${median(up.times).toFixed(1)} ms,` +
      ` ${tasks.length} long tasks, the longest ${Math.round(Math.max(0, ...tasks))} ms`,
  );
  expect(up).toMatchObject({ drifts: [], blank: 0 });
  expect(up.first).toBeLessThan(seq - 80);
  expect(median(up.times)).toBeLessThan(200);
  await page.context().close();
});

/** From the click on its line until the last entry is drawn, in the page's own time. */
function timeToTail(page: Page): Promise<number> {
  return page.evaluate(
    (last) =>
      new Promise<number>((resolve) => {
        const line = [...document.querySelectorAll<HTMLElement>('.session-line > a')].find((one) =>
          one.textContent.includes('Work of long'),
        );
        const begun = performance.now();
        line?.click();
        const look = () => {
          const shown = document.querySelector(`[role=log] [data-seq="${last}"]`);
          const text = shown?.textContent.includes('which test will show') === true;
          if (text && shown.getBoundingClientRect().bottom > 0) resolve(performance.now() - begun);
          else requestAnimationFrame(look);
        };
        look();
      }),
    entries,
  );
}
