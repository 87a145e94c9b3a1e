import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Shortcut, shortcuts } from '../../console/src/keyboard/shortcut.ts';
import { ConsolePlace } from './place.ts';

/** Of a machine with other work. */
const slow = { timeout: 15_000 };
let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

/** What has the focus, as a reader of screens would be told. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const { activeElement } = document;
    const name = activeElement?.getAttribute('aria-label') ?? activeElement?.textContent ?? '';
    return activeElement === document.body ? 'nothing' : name;
  });

test('P1 A1 R4: a whole session by keys alone: begun, approved, spoken to, stopped, archived', async () => {
  const page = await place.page('/');
  const { keyboard } = page;
  await page.getByLabel('Directory').waitFor();
  await keyboard.press('n');
  await page.waitForURL('**/new');
  // By Tab alone to the fields, wherever the focus begins.
  await tabTo(page, 'Directory');
  await keyboard.press('ControlOrMeta+a');
  await keyboard.type(place.cwd);
  await tabTo(page, 'What is to be done');
  await keyboard.type('[[ask run echo by hand]] [[say Thank you.]]');
  await tabTo(page, 'Begin');
  await keyboard.press('Enter');
  await page.waitForURL('**/s/*');
  await page
    .getByRole('article')
    .getByRole('button', { name: 'Allow once' })
    .and(page.locator(':enabled'))
    .waitFor();
  await keyboard.press('Escape');
  await page.locator('[aria-keyshortcuts=a]').waitFor();
  await keyboard.press('a');
  await page.locator('.approval').waitFor({ state: 'detached' });
  const log = page.getByRole('log');
  await log.getByText('Thank you.', { exact: true }).waitFor();
  await keyboard.press('m');
  expect(await focused(page)).toBe('Message');
  await keyboard.type('[[say At it.]] [[hang]]');
  await keyboard.press('Enter');
  await log.getByText('At it.', { exact: true }).waitFor();
  // Letters in a field are letters.
  await keyboard.type('jk?');
  expect(await page.getByLabel('Message').inputValue()).toBe('jk?');
  await keyboard.press('ControlOrMeta+k');
  await keyboard.type('stop');
  await page.getByRole('option', { name: 'Stop' }).waitFor();
  await keyboard.press('Enter');
  await log.getByText('cancelled', { exact: true }).waitFor();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await focused(page)).toBe('Message');
  await keyboard.press('ControlOrMeta+k');
  await keyboard.type('archive');
  await page.getByRole('option', { name: 'Archive' }).waitFor();
  await keyboard.press('Enter');
  await expect
    .poll(async () => (await place.client.sessions.list({ archived: true })).sessions.length, slow)
    .toBe(1);
  await page.context().close();
});

test('j and k go through entries and sessions, Escape leads back, and Enter opens', async () => {
  const sessions = [];
  for (const title of ['First', 'Second', 'Third']) {
    const session = await place.session('[[say One.]] [[write a.txt|one]] [[say Two.]]', { title });
    await place.ended(session);
    sessions.push(session);
  }
  const page = await place.page(`/s/${sessions[2]}`);
  const { keyboard } = page;
  await page.getByRole('log').getByText('completed', { exact: true }).waitFor();
  const seqs = [];
  await keyboard.press('k');
  for (let back = 0; back < 3; back += 1) {
    seqs.push(await page.evaluate(() => document.activeElement?.getAttribute('data-seq')));
    await keyboard.press('k');
  }
  const numbers = seqs.map(Number);
  expect(numbers.toSorted((a, b) => b - a)).toEqual(numbers);
  expect(new Set(numbers).size).toBe(3);
  await keyboard.press('j');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-seq'))).toBe(seqs[2]);
  await keyboard.press('Escape');
  expect(await focused(page)).toContain('Third');
  await keyboard.press('j');
  expect(await focused(page)).toContain('Second');
  await keyboard.press('j');
  await keyboard.press('Enter');
  await page.waitForURL(`**/s/${sessions[0]}`);
  await keyboard.press('Shift+K');
  await page.waitForURL(`**/s/${sessions[1]}`);
  await keyboard.press('/');
  await keyboard.type('thi');
  await expect.poll(() => page.locator('.session-line').count(), slow).toBe(1);
  await page.context().close();
});

test('S6: the palette finds sessions by their words, and shows a hostile title as text', async () => {
  const title = '<img src=x onerror=alert(1)> \u202Eevil';
  const session = await place.session('[[say Hm.]]', { title });
  const page = await place.page('/inbox');
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  await page.keyboard.press('ControlOrMeta+k');
  await page.keyboard.type('onerror');
  const found = page.getByRole('option').first();
  await found.getByText('<img src=x').waitFor();
  expect(await found.textContent()).not.toContain('\u202E');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/s/${session}`);
  await page.context().close();
});

test('? shows the keys, the focus stays in it and comes back; keys of one letter can be switched off', async () => {
  const session = await place.session('[[say Hm.]] [[ask run make]] [[say Made.]]');
  const page = await place.page(`/s/${session}`);
  const { keyboard } = page;
  await page.getByRole('button', { name: 'Allow once' }).and(page.locator(':enabled')).waitFor();
  await keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keys' });
  await help.getByText('Commands', { exact: true }).waitFor();
  for (let tabs = 0; tabs < 4; tabs += 1) {
    await keyboard.press('Tab');
    const inside = await help.evaluate((one) => one.contains(document.activeElement));
    // Beyond the last one is the browser itself, never the page below.
    if (!inside) expect(await focused(page)).toBe('nothing');
  }
  await help.getByRole('checkbox').focus();
  await keyboard.press('Space');
  await keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  // It is kept; and nobody has just been writing.
  await page.reload();
  await page.getByRole('button', { name: 'Allow once' }).and(page.locator(':enabled')).waitFor();
  expect(await page.locator('.by-key').count()).toBe(0);
  await keyboard.press('a');
  await keyboard.press('i');
  await keyboard.press('ControlOrMeta+k');
  await page.getByRole('dialog').waitFor();
  expect(new URL(page.url()).pathname).toBe(`/s/${session}`);
  expect((await place.client.approvals.list({ session })).approvals).toHaveLength(1);
  await page.getByRole('option', { name: 'Keys' }).click();
  await help.getByRole('checkbox').check();
  await keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  // For a moment after the field of the palette it is still taken for writing.
  await page.locator('[aria-keyshortcuts=a]').waitFor();
  await keyboard.press('a');
  await place.ended(session);
  await page.context().close();
});

test('the first Tab offers to skip to the content, and nothing in the order of the page has no name', async () => {
  const session = await place.session('[[say Hm.]]');
  const page = await place.page('/');
  await page.getByRole('complementary').getByRole('link').first().waitFor();
  await page.keyboard.press('Tab');
  expect(await focused(page)).toBe('To the sessions');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('A');
  await page.goto(`${place.daemon.url}/s/${session}`);
  await page.getByRole('log').getByText('Hm.', { exact: true }).waitFor();
  for (let tabs = 0; tabs < 30; tabs += 1) {
    await page.keyboard.press('Tab');
    expect(await focused(page)).not.toBe('');
  }
  await page.context().close();
});

test('V5 R4: several sessions are chosen by keys, stopped and archived together; others stay', async () => {
  const cwd = place.cwd;
  const script = '[[say Busy.]] [[hang]]';
  const hanging = [];
  for (const title of ['Bulk one', 'Bulk two'])
    hanging.push(await place.session(script, { title, cwd }));
  const other = await place.session(script, { title: 'Bulk not' });
  const page = await place.page('/');
  await page.getByLabel('Filter sessions').fill('bulk');
  await expect.poll(() => page.locator('.session-line').count(), slow).toBe(3);
  for (const title of ['Bulk one', 'Bulk two']) {
    await page.locator('.session-line > a').filter({ hasText: title }).focus();
    await page.keyboard.press('x');
  }
  const bar = page.getByRole('group', { name: 'Chosen sessions' });
  await bar.getByText('2 chosen').waitFor();
  await bar.getByRole('button', { name: 'Stop' }).click();
  await bar.getByRole('button', { name: 'Stop 2 agents?' }).click();
  await Promise.all(hanging.map((session) => place.ended(session)));
  await bar.getByText('2 done.').waitFor();
  await bar.getByRole('button', { name: /^All/ }).click();
  await page.getByRole('checkbox', { name: 'Select Bulk not' }).uncheck();
  await bar.getByRole('button', { name: 'Archive' }).click();
  await expect.poll(() => page.locator('.session-line').count(), slow).toBe(1);
  const { session } = await place.client.sessions.get({ session: other });
  expect([session.archived, session.activeRun === null]).toEqual([false, false]);
  await place.client.sessions.abort({ session: other });
  await page.context().close();
});

test('the help names every key that there is, and no view hears one that is not in its table', async () => {
  const sources = path.join(import.meta.dirname, '..', '..', 'console', 'src');
  const heard = new Set<string>();
  for (const name of globSync('**/*.{ts,tsx}', { cwd: sources })) {
    if (name === path.join('keyboard', 'shortcut.ts')) continue;
    const text = readFileSync(path.join(sources, name), 'utf8');
    // What a key is called is known to the table alone.
    expect([
      name,
      text.match(/event\.(?:key|code)\b|\bkey [!=]== '|'(?:Arrow|Escape|Enter)\w*'/g),
    ]).toEqual([name, null]);
    for (const [word] of text.matchAll(/(?<=['\s])[a-z]+[A-Z]?[a-z]*(?=[':])/g)) heard.add(word);
  }
  const native = ['open', 'newLine'];
  expect(
    Object.keys(shortcuts).filter((name) => !heard.has(name) && !native.includes(name)),
  ).toEqual([]);
  const page = await place.page('/inbox');
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keys' });
  await help.getByRole('heading', { name: 'Where a message is written' }).waitFor();
  const rows = await help.locator('dl > div').evaluateAll((all) =>
    all.map((row) => ({
      text: row.querySelector('dd')!.textContent,
      keys: [...row.querySelectorAll('.keys')].map((keys) =>
        [...keys.querySelectorAll('kbd')].map((kbd) => kbd.textContent).join(' '),
      ),
    })),
  );
  const all: readonly Shortcut[] = Object.values(shortcuts);
  expect(rows.map(({ text }) => text).toSorted()).toEqual(all.map(({ text }) => text).toSorted());
  const keysOf = (text: string) => rows.find((row) => row.text === text)?.keys;
  expect(keysOf(shortcuts.interrupt.text)).toEqual(['Alt Enter']);
  expect(keysOf(shortcuts.palette.text)).toEqual(['Ctrl K']);
  expect(keysOf(shortcuts.later.text)).toEqual(['Alt ↓']);
  expect(keysOf(shortcuts.take.text)).toEqual(['Enter', 'Tab']);
  await page.context().close();
});

/** By Tab until what has the focus is called so. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let tabs = 0; tabs < 40; tabs += 1) {
    const there = await page.evaluate((wanted) => {
      const { activeElement } = document;
      if (!(activeElement instanceof HTMLElement)) return false;
      const labels = (activeElement as HTMLInputElement).labels ?? [];
      const texts = [activeElement.ariaLabel, ...[...labels].map((one) => one.textContent)];
      if (activeElement.tagName === 'BUTTON') texts.push(activeElement.textContent);
      return texts.some((text) => text?.includes(wanted));
    }, name);
    if (there) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${name}.`);
}
