import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { imported } from './imported.ts';
import { ConsolePlace } from './place.ts';
import * as scrolling from './scroll-log.ts';

const { left, settled } = scrolling;
const entries = 401;
let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
  await imported(place, 'mixed', scrolling.mixed(entries - 1));
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const log = (page: Page) => page.getByRole('log');
const button = (page: Page) => page.locator('.to-end');
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** A page that stands at the end of a log. */
async function atEnd(of: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await place.page(`/s/${of}`, options);
  await log(page).locator('[data-seq]').first().waitFor();
  await settled(page);
  expect(await left(page)).toBeLessThan(2);
  return page;
}

/** A page that stands at the end of the log of an agent that has said a lot. */
async function afterTalk(): Promise<{ page: Page; session: string }> {
  const session = await place.session('[[pace 0]] [[long 9000]]');
  await place.ended(session);
  return { page: await atEnd(session), session };
}

const send = (session: string, content: string) => place.client.sessions.send({ session, content });
const within = { timeout: 20_000 };
/** How much of a text in progress is on the page. */
const said = (page: Page) =>
  page.locator('.streaming').evaluate((streaming) => streaming.textContent.length);

/** The agent begins to speak, and will for long. */
async function speaking(page: Page, session: string): Promise<void> {
  await send(session, '[[pace 5]] [[long 19000]]');
  await page.locator('.streaming').waitFor();
  await more(page, 50);
}

async function more(page: Page, chars: number): Promise<void> {
  const before = await said(page);
  await expect.poll(() => said(page), within).toBeGreaterThan(before + chars);
}

async function quiet(page: Page, session: string): Promise<void> {
  await page.context().close();
  await place.client.sessions.abort({ session });
}

test('V1: whoever goes to the top while the agent speaks is not brought back', async () => {
  const { page, session } = await afterTalk();
  await speaking(page, session);
  await log(page).evaluate((list) => list.scrollTo(0, 0));
  await settled(page);
  const watched = await scrolling.watchPlace(page);
  await send(session, 'What comes next.');
  await page.getByText('What comes next.').first().waitFor();
  await settled(page);
  expect(await log(page).evaluate((list) => list.scrollTop)).toBe(0);
  expect(await watched.most()).toBeLessThan(2);
  await quiet(page, session);
});

test('V1: whoever goes to the top of a long log as soon as it is there stays there while older entries come', async () => {
  const page = await place.page();
  await page.goto(`${place.daemon.url}/s/mixed`);
  const begun = await log(page).evaluate(async (list, last) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    while (list.querySelector(`[data-seq="${last}"]`) === null) await frame();
    list.scrollTo(0, 0);
    await frame();
    await frame();
    return Number(list.querySelector<HTMLElement>('[data-seq]')!.dataset['seq']);
  }, entries);
  await settled(page);
  expect(await left(page)).toBeGreaterThan(20_000);
  const shown = await page.locator('[data-seq]').evaluateAll((all) => {
    const top = document.querySelector('[role=log]')!.getBoundingClientRect().top;
    const inSight = all.find((one) => one.getBoundingClientRect().bottom > top) as HTMLElement;
    return Number(inSight.dataset['seq']);
  });
  expect(Math.abs(shown - begun)).toBeLessThanOrEqual(30);
  await page.context().close();
});

test('V1: nothing in sight jumps while one scrolls up and down through entries of all heights', async () => {
  const page = await atEnd('mixed');
  const up = await log(page).evaluate(scrolling.drifted, { steps: 130, by: -700 });
  expect(up).toMatchObject({ drifts: [], blank: 0 });
  expect(up.first).toBeLessThan(entries - 80);
  const down = await log(page).evaluate(scrolling.drifted, { steps: 30, by: 500 });
  expect(down).toMatchObject({ drifts: [], blank: 0 });
  await page.context().close();
});

test('V1: what is in sight stays while things above it unfold, fold or get their height, also in the same message', async () => {
  const page = await atEnd('mixed');
  // Into a message that is higher than the view, below a thought.
  await log(page).evaluate((list) => {
    const folded = [...list.querySelectorAll('.thought-box')].at(-1)!;
    list.scrollBy(0, folded.getBoundingClientRect().bottom - list.getBoundingClientRect().top + 60);
  });
  await settled(page);
  const watched = await scrolling.watchPlace(page);
  for (const expanded of ['true', 'false']) {
    // By script, as a click would first bring it into sight.
    await log(page).evaluate((list) => {
      const top = list.getBoundingClientRect().top;
      const above = [...list.querySelectorAll<HTMLElement>('.thought-box > button')];
      for (const one of above) if (one.getBoundingClientRect().bottom < top) one.click();
    });
    await log(page).locator(`.thought-box > button[aria-expanded=${expanded}]`).first().waitFor();
    await settled(page);
  }
  expect(await watched.most()).toBeLessThan(2);
  const across = await log(page).evaluate((list) => {
    const { top } = list.getBoundingClientRect();
    list.scrollBy(0, 2_000);
    const item = [...list.querySelectorAll('.item')].find((one) => {
      const box = one.getBoundingClientRect();
      return box.top < top - 100 && box.bottom > top + 300;
    });
    if (item !== undefined) item.id = 'across';
    return item !== undefined;
  });
  expect(across).toBe(true);
  await settled(page);
  const within = await scrolling.watchPlace(page);
  await page.evaluate(() => {
    const picture = document.createElement('div');
    picture.style.height = '321px';
    document.querySelector('#across .md')!.prepend(picture);
  });
  await settled(page);
  expect(await within.most()).toBeLessThan(2);
  await page.context().close();
});

test('V1: a link to an entry goes to it, and it stays there while heights settle and more is read', async () => {
  for (const seq of [206, 210, 211]) {
    const page = await place.page(`/s/mixed/e/${seq}`);
    const entry = page.locator(`[data-seq="${seq}"]`);
    await entry.waitFor();
    const first = await entry.evaluate((one) => one.getBoundingClientRect().top);
    await settled(page);
    const { top, bottom } = await entry.evaluate((one) => one.getBoundingClientRect().toJSON());
    expect(Math.abs(top - first)).toBeLessThan(2);
    expect(top).toBeGreaterThan(0);
    expect(Math.min(bottom, top + 100)).toBeLessThan(700);
    await button(page).getByText('To the end').waitFor();
    await page.context().close();
  }
});

test('V1 V4: Home goes to the first entry and End to the end, which is then followed', async () => {
  const page = await atEnd('mixed');
  await log(page).focus();
  await page.keyboard.press('Home');
  await page.locator('[data-seq="2"]').waitFor();
  await settled(page);
  expect(await log(page).evaluate((list) => list.scrollTop)).toBe(0);
  await page.keyboard.press('End');
  await page.locator(`[data-seq="${entries}"]`).waitFor();
  await settled(page);
  expect(await left(page)).toBeLessThan(2);
  await expect.poll(() => button(page).count(), within).toBe(0);
  await page.context().close();
});

test('V4: while the agent speaks the end is in sight in every frame, also when the window and the composer change', async () => {
  const { page, session } = await afterTalk();
  await speaking(page, session);
  const watched = await scrolling.watchEnd(page);
  await more(page, 600);
  expect(await watched.most()).toBeLessThan(2);
  await page.getByLabel('Message').fill('one\ntwo\nthree\nfour\nfive\nsix');
  await settledAtEnd(page);
  for (const size of [
    { width: 900, height: 500 },
    { width: 500, height: 900 },
    { width: 1280, height: 800 },
  ]) {
    await page.setViewportSize(size);
    await settledAtEnd(page);
  }
  await page.getByLabel('Message').fill('');
  await settledAtEnd(page);
  await quiet(page, session);
});

test('V4: a list that is higher for a moment, and then lower than before, is not left at its end', async () => {
  const { page } = await afterTalk();
  for (const px of [20, 52, 300]) {
    await log(page).evaluate((list, by) => {
      const { clientHeight } = list;
      list.style.flex = 'none';
      list.style.height = `${clientHeight + by}px`;
      // The browser cuts the offset off to what there is.
      list.getBoundingClientRect();
      list.style.height = `${clientHeight - 10}px`;
    }, px);
    await expect.poll(() => left(page), within).toBeLessThan(2);
    expect(await button(page).count()).toBe(0);
  }
});

async function settledAtEnd(page: Page): Promise<void> {
  await more(page, 100);
  // Asked for between two frames, it may not have been laid out yet.
  await expect.poll(() => left(page), within).toBeLessThan(2);
  expect(await button(page).count()).toBe(0);
}

test('V4: a small turn of the wheel leaves the end, nothing moves from then on, and reaching the end follows it again', async () => {
  const { page, session } = await afterTalk();
  await speaking(page, session);
  await log(page).hover();
  await page.mouse.wheel(0, -30);
  await expect.poll(() => left(page), within).toBeGreaterThan(20);
  const watched = await scrolling.watchPlace(page);
  await more(page, 600);
  expect(await watched.most()).toBeLessThan(2);
  expect(await left(page)).toBeGreaterThan(40);
  await page.mouse.wheel(0, 5_000);
  await expect.poll(() => button(page).count(), within).toBe(0);
  const again = await scrolling.watchEnd(page);
  await more(page, 300);
  expect(await again.most()).toBeLessThan(2);
  await quiet(page, session);
});

test('V1 V4: what comes while one is away is counted, and a press on that goes to the end and follows it', async () => {
  const { page, session } = await afterTalk();
  await log(page).focus();
  await page.keyboard.press('PageUp');
  await button(page).getByText('To the end').waitFor();
  // The prompt, and two messages with a card between them.
  await send(session, '[[say one]] [[write c.txt|c]] [[say two]]');
  await button(page).getByText('4 new').waitFor();
  await button(page).click();
  await log(page).getByText('two', { exact: true }).waitFor();
  await settled(page);
  expect(await left(page)).toBeLessThan(2);
  expect(await button(page).count()).toBe(0);
  await speaking(page, session);
  expect(await left(page)).toBeLessThan(2);
  await quiet(page, session);
});

test('V1: what comes is counted also where the page has only the middle of a log', async () => {
  await imported(place, 'middle', scrolling.mixed(300));
  const page = await place.page('/s/middle/e/120');
  await button(page).getByText('To the end').waitFor();
  await place.client.sessions.send({ session: 'middle', content: '[[say one]] [[say two]]' });
  // The prompt and two messages.
  await button(page).getByText('3 new').waitFor();
  await button(page).click();
  await log(page).getByText('two', { exact: true }).last().waitFor();
  await settled(page);
  expect(await left(page)).toBeLessThan(2);
  expect(await button(page).count()).toBe(0);
  await page.context().close();
});

test('V1: a finger that throws the log leaves the end, and what it throws goes one way only while older entries come', async () => {
  const page = await atEnd('mixed', phone);
  const watch = await log(page).evaluateHandle((list) => {
    const told = { wrong: 0, moved: 0 };
    let last = new Map<Element, number>();
    const look = () => {
      const now = new Map<Element, number>();
      for (const one of list.querySelectorAll('.item'))
        now.set(one, one.getBoundingClientRect().top);
      for (const [one, top] of now) {
        const by = top - (last.get(one) ?? top);
        if (by < -2) told.wrong = Math.min(told.wrong, by);
        if (by > 0) told.moved += 1;
      }
      last = now;
      requestAnimationFrame(look);
    };
    look();
    return told;
  });
  for (let times = 0; times < 5; times += 1) await thrown(page);
  await settled(page);
  const told = await watch.evaluate((all) => all);
  expect(told.moved).toBeGreaterThan(20);
  expect(told.wrong).toBe(0);
  expect(await left(page)).toBeGreaterThan(1_500);
  await button(page).waitFor();
  await page.context().close();
});

/** A finger goes down the log and lets go of it while it moves: it goes on by itself. */
async function thrown(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', y?: number) =>
    cdp.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: y === undefined ? [] : [{ x: 200, y }],
    });
  await touch('touchStart', 200);
  for (let y = 200; y <= 640; y += 40) await touch('touchMove', y);
  await touch('touchEnd');
  await cdp.detach();
}

test('V4: a token renders the text that it is of, and no other item, however many are drawn', async () => {
  const page = await place.blank();
  const renders = await scrolling.countRenders(page);
  const session = await place.session('[[pace 0]] [[long 9000]]');
  await place.ended(session);
  await page.goto(await place.link());
  await page.getByRole('navigation', { name: 'Console' }).waitFor();
  await page.goto(`${place.daemon.url}/s/${session}`);
  await log(page).locator('[data-seq]').first().waitFor();
  await settled(page);
  expect((await renders()).items).toBeGreaterThan(0);
  await speaking(page, session);
  await renders();
  await more(page, 800);
  const told = await renders();
  expect(told.commits).toBeGreaterThan(8);
  expect(told.items).toBe(0);
  expect(told.most).toBeLessThan(40);
  await quiet(page, session);
});
