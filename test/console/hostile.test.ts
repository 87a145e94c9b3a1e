import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { everywhere, floods, markup, words } from './hostile.ts';
import { call, imported, said } from './imported.ts';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

/** What left the page, and every script that ran where it should not have. */
async function watched(at: string): Promise<{ page: Page; asked: string[] }> {
  const page = await place.page();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('dialog', (dialog) => {
    asked.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', (popup) => asked.push(`popup ${popup.url()}`));
  await page.goto(place.daemon.url + at);
  return { page, asked };
}

/** How long the page was away at most while something was done: between two frames, in milliseconds. */
async function longestPause(page: Page, during: () => Promise<unknown>): Promise<number> {
  await page.evaluate(() => {
    const seen = { longest: 0, last: performance.now(), on: true };
    Object.assign(window, { seen });
    const tick = () => {
      const now = performance.now();
      seen.longest = Math.max(seen.longest, now - seen.last);
      seen.last = now;
      if (seen.on) setTimeout(tick, 10);
    };
    tick();
  });
  await during();
  return page.evaluate(() => (window as unknown as { seen: { longest: number } }).seen.longest);
}

/** Goes through the whole log, and opens whatever can be opened in it. */
async function openAll(page: Page): Promise<void> {
  const log = page.getByRole('log');
  const closed = log.locator(
    ':is(.tool-head, .thought-box > button, .raw-button, .tool-prose > .more)[aria-expanded=false]',
  );
  while ((await closed.count()) > 0) {
    await closed.evaluateAll((buttons) => {
      for (const button of buttons as HTMLElement[]) button.click();
    });
  }
}

/** What must not be on a page, and what is looked at besides. */
function harmOn(page: Page) {
  return page.evaluate(() => ({
    hit: (window as unknown as { hit?: number }).hit,
    elements: document.querySelectorAll(
      '.item :is(script, iframe, object, embed, style, link, form, meta, base, [onerror], [onload], [srcdoc])',
    ).length,
    svgs: document.querySelectorAll('.item svg:not([aria-hidden])').length,
    links: [...document.querySelectorAll<HTMLAnchorElement>('.item a')]
      .map(({ href }) => href)
      .filter((href) => !/^(https?|mailto):/.test(href)),
    pictures: [...document.querySelectorAll<HTMLImageElement>('.item img')]
      .map(({ src }) => src)
      .filter((src) => !/^data:image\/(png|jpeg|gif|webp);base64,/.test(src)),
  }));
}
const noHarm = { elements: 0, svgs: 0, links: [], pictures: [] };

/** What a page asked of others than its daemon. */
const foreign = (asked: readonly string[]) =>
  asked.filter((url) => !url.startsWith(place.daemon.url) && !url.startsWith('data:image/png;'));

test('S6: what an agent says is text, whatever it looks like: nothing runs, nothing is asked for', async () => {
  const escape = (text: string) => text.replaceAll('\\', '\\\\').replaceAll(']', '\\]');
  const told = words.map((text) => `[[say ${escape(text)}]]`).join(' ');
  const ran = `[[run printf '\\033[2J\\033]8;;javascript:window.hit=12\\033\\\\\\\\link <script>window.hit=13</script>']]`;
  const session = await place.session(
    `[[pace 0]] ${told} ${ran} [[write x.svg|<svg onload="window.hit=14"/>]]`,
    { title: '<img src=x onerror="window.hit = 15"> \u202Etitle' },
  );
  await place.ended(session);
  const { page, asked } = await watched(`/s/${session}`);
  const log = page.getByRole('log');
  await log.getByText('completed').waitFor();
  await log.evaluate((element) => element.scrollTo(0, 0));
  await log.getByText(words[0]!).first().waitFor();
  await openAll(page);
  expect(await harmOn(page)).toEqual(noHarm);
  expect(await page.locator('.item img').count()).toBe(0);
  const shown = await page.evaluate(() => document.body.innerText + document.title);
  // oxlint-disable-next-line no-control-regex -- these must not be there
  expect(shown).not.toMatch(/[\u001B\u202A-\u202E\u2066-\u2069]/);
  expect(foreign(asked)).toEqual([]);
  await page.context().close();
});

test('S6: in no place of any card does markup become an element, or an address a link that runs', async () => {
  await imported(place, 'everywhere', everywhere);
  const { page, asked } = await watched('/s/everywhere');
  await page.getByRole('log').getByText('were not understood').waitFor();
  await openAll(page);
  expect(await harmOn(page)).toEqual(noHarm);
  expect(await page.getByRole('log').textContent()).toContain(markup);
  expect(foreign(asked)).toEqual([]);
  await page.context().close();
});

test('S6: text that turns the order of reading is named, and cannot reach what stands beside it', async () => {
  await imported(place, 'bidi', [
    said('a \u202Etxt.exe\u202C b \u2066c\u2069'),
    call('run', {
      kind: 'execute',
      input: { command: 'rm \u202Egnp.x\u200B\u{E0041}' },
      result: '\u202Eback',
    }),
    call('diff', {
      kind: 'edit',
      content: [{ type: 'diff', path: 'a\u202Etxt', oldText: 'x\u2067', newText: 'y\u2067' }],
    }),
  ]);
  const { page } = await watched('/s/bidi');
  await page.getByRole('log').getByText('‹U+202E›txt.exe').waitFor();
  await openAll(page);
  const shown = await page.getByRole('log').textContent();
  expect(shown).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u200B\u{E0041}]/u);
  expect(shown).toContain('rm ‹U+202E›gnp.x‹U+200B›‹U+E0041›');
  expect(
    await page
      .locator('bdi.tool-title')
      .first()
      .evaluate((title) => getComputedStyle(title).unicodeBidi),
  ).toBe('isolate');
  await page.context().close();
});

test('S6 V6: a megabyte on one line is shown, and the page answers all the while', async () => {
  const session = await place.session('[[hugeline 1]] [[say Afterwards.]]');
  await place.ended(session);
  const page = await place.page(`/s/${session}`);
  const log = page.getByRole('log');
  await log.getByText('Afterwards.', { exact: true }).waitFor();
  await log.evaluate((element) => element.scrollTo(0, 0));
  await page.getByLabel('Message').fill('still here');
  expect(await page.getByLabel('Message').inputValue()).toBe('still here');
  await page.context().close();
});

test('S6 V6: floods of every kind leave the page answering', async () => {
  const { page } = await watched('/');
  const pauses: { [name: string]: number } = {};
  for (const [at, [name, told]] of Object.entries(floods).entries()) {
    const session = `flood-${at}`;
    await imported(place, session, [told, said('Afterwards.')]);
    pauses[name] = await longestPause(page, async () => {
      await page.evaluate((path) => {
        history.pushState(null, '', path);
        dispatchEvent(new PopStateEvent('popstate'));
      }, `/s/${session}`);
      await page.getByRole('log').getByText('Afterwards.', { exact: true }).waitFor();
      await page.getByRole('log').evaluate((element) => element.scrollTo(0, 0));
      await openAll(page);
      await page.getByLabel('Message').fill(name);
    });
    expect(await page.getByLabel('Message').inputValue()).toBe(name);
    const elements = await page.evaluate(() => document.querySelectorAll('[role=log] *').length);
    expect(elements, name).toBeLessThan(30_000);
  }
  process.stderr.write(
    `longest pauses: ${JSON.stringify(pauses, (_key, ms: unknown) => (typeof ms === 'number' ? Math.round(ms) : ms))}\n`,
  );
  // Without bounds one of them takes minutes; a busy machine takes a second.
  const long = Object.entries(pauses).filter(([, ms]) => ms > 4000);
  expect(long).toEqual([]);
  await page.context().close();
});

test('S6 V4: a hostile text is as harmless while it streams', async () => {
  const { page } = await watched('/');
  const session = await place.session();
  await page.goto(`${place.daemon.url}/s/${session}`);
  const pause = await longestPause(page, async () => {
    const flood = '_a'.repeat(48_000);
    const prompt = `[[pace 0]] [[chunk 2000]] [[say ${markup} ${flood}]] [[say Afterwards.]]`;
    await place.client.sessions.send({ session, content: prompt });
    await page
      .getByRole('log')
      .getByText('Afterwards.', { exact: true })
      .waitFor({ timeout: 30_000 });
  });
  expect(pause).toBeLessThan(2500);
  expect(await page.evaluate(() => (window as unknown as { hit?: number }).hit)).toBeUndefined();
  expect(await page.locator('.item :is(script, img)').count()).toBe(0);
  await page.context().close();
});
