import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Entry, EntryDataByKind, EntryOf } from '../../src/domain/entry.ts';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const asked = (page: Page) => page.locator('.approval');
const of = <Kind extends Entry['kind']>(entries: readonly Entry[], kind: Kind) =>
  entries.find((entry): entry is EntryOf<Kind> & Entry => entry.kind === kind)?.data as
    | EntryDataByKind[Kind]
    | undefined;

test('A1: the whole command is shown to the letter, and another one may be allowed instead', async () => {
  const session = await place.session(
    '[[ask run echo \u202Eone\u200B && echo two > made.txt]] [[say Over.]]',
  );
  const page = await place.page(`/s/${session}`);
  const command = asked(page).getByLabel('command');
  await expect
    .poll(() => command.textContent())
    .toBe('echo ‹U+202E›one‹U+200B› && echo two > made.txt');
  await asked(page).getByRole('button', { name: 'Edit, then allow' }).click();
  await asked(page).getByRole('textbox', { name: 'Command' }).fill('echo three > made.txt');
  await asked(page).getByRole('button', { name: 'Allow this instead' }).click();
  const entries = await place.ended(session);
  expect(of(entries, 'decision')).toMatchObject({
    outcome: 'allowed',
    input: { command: 'echo three > made.txt' },
  });
  expect(readFileSync(path.join(place.cwd, 'made.txt'), 'utf8')).toBe('three\n');
  await page.context().close();
});

test('A1 F3: an edit is shown as what it would change', async () => {
  const session = await place.session(
    '[[write e.txt|one\\ntwo\\nthree\\n]] [[ask edit e.txt|two|2]] [[say Over.]]',
  );
  const page = await place.page(`/s/${session}`);
  await asked(page).getByLabel('1 lines added').waitFor();
  await asked(page).locator('.diff-line.removed').filter({ hasText: 'two' }).waitFor();
  await asked(page).getByRole('button', { name: 'Allow once' }).click();
  await place.ended(session);
  expect(readFileSync(path.join(place.cwd, 'e.txt'), 'utf8')).toBe('one\n2\nthree\n');
  await page.context().close();
});

test('A4: a rule is shown before it is made, can be changed, and holds from then on', async () => {
  const session = await place.session(
    '[[ask run echo first]] [[ask run echo second]] [[say Over.]]',
  );
  const page = await place.page(`/s/${session}`);
  await asked(page).getByRole('button', { name: 'Allow from now on' }).click();
  const rule = asked(page).getByRole('textbox', { name: 'Rule for a command' });
  expect(await rule.inputValue()).toBe('echo first');
  await rule.fill('echo *');
  await asked(page).getByRole('button', { name: 'Allow in this session' }).click();
  const entries = await place.ended(session);
  expect(of(entries, 'decision')?.remembered).toMatchObject({
    level: 'session',
    rules: [{ effect: 'allow', command: 'echo *' }],
  });
  const decisions = entries.filter(({ kind }) => kind === 'decision');
  expect(decisions.map(({ by }) => by.type)).toEqual(['client', 'server']);
  await page.context().close();
});

test('A4 A5: a bypass counts down on the page until it is ended there', async () => {
  const session = await place.session(
    '[[ask run echo bypassed]] [[ask run echo unasked]] [[hang]]',
  );
  const page = await place.page(`/s/${session}`);
  await asked(page).getByRole('button', { name: 'Allow everything for …' }).click();
  await asked(page).getByRole('button', { name: 'For 5 minutes' }).click();
  const left = page.getByRole('timer');
  await left.filter({ hasText: /^4:5\d$/ }).waitFor();
  const told = await left.textContent();
  await expect.poll(() => left.textContent()).not.toBe(told);
  await asked(page).getByRole('button', { name: 'Allow once' }).click();
  await page.getByRole('log').getByText('unasked').first().waitFor();
  await page.getByRole('button', { name: 'Ask again now' }).click();
  await left.waitFor({ state: 'detached' });
  expect((await place.client.sessions.get({ session })).session.policy.bypassUntil).toBeNull();
  await place.client.sessions.abort({ session, force: true });
  await page.context().close();
});

test('A1: keys and clicks decide nothing that has only just appeared, nor while somebody writes', async () => {
  const session = await place.session('[[say Ready.]]');
  await place.ended(session);
  const page = await place.page(`/s/${session}`);
  await page.getByRole('log').getByText('Ready.', { exact: true }).waitFor();
  // As soon as the card is there: a key, and a click on each button.
  await page.evaluate(() => {
    new MutationObserver((_all, observer) => {
      const card = document.querySelector('.approval');
      if (card === null) return;
      observer.disconnect();
      window.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }));
      for (const button of card.querySelectorAll('button')) {
        if (/^(Allow once|Deny)/.test(button.textContent)) button.click();
      }
    }).observe(document.body, { subtree: true, childList: true });
  });
  await place.client.sessions.send({ session, content: '[[ask run echo guarded]] [[say Over.]]' });
  const allow = asked(page).getByRole('button', { name: 'Allow once' });
  await allow.and(page.locator(':enabled')).waitFor();
  await page.getByLabel('Message').pressSequentially('a bad idea');
  expect((await place.client.approvals.list({ session })).approvals).toHaveLength(1);
  await page.getByLabel('Message').fill('');
  await asked(page).focus();
  // Only what is pressed again, later, is meant.
  await asked(page).locator('[aria-keyshortcuts=d]').waitFor();
  await page.keyboard.press('d');
  expect(of(await place.ended(session), 'run_ended')).toBeDefined();
  expect(of(await place.log(session), 'decision')).toMatchObject({ outcome: 'denied' });
  await page.context().close();
});

test('A1: a form is filled in field by field, and nothing that is required is left out', async () => {
  const session = await place.session(
    '[[form Where to?|city|seats: number|window: yes or no|class: one of first, second|meals: any of fish, rice, soup]]',
  );
  const page = await place.page('/inbox');
  const form = asked(page).filter({ hasText: 'Where to?' });
  await form.getByRole('textbox', { name: 'city' }).fill('Oslo');
  await form.getByRole('button', { name: 'Answer' }).click();
  await form.getByRole('alert').filter({ hasText: 'seats is missing' }).waitFor();
  await form.getByRole('spinbutton', { name: 'seats' }).fill('2');
  await form.getByRole('checkbox', { name: 'window' }).check();
  await form.getByRole('radio', { name: 'second' }).check();
  await form.getByRole('checkbox', { name: 'fish' }).check();
  await form.getByRole('checkbox', { name: 'soup' }).check();
  await form.getByRole('button', { name: 'Answer' }).click();
  const entries = await place.ended(session);
  expect(of(entries, 'answer')).toMatchObject({
    outcome: 'answered',
    content: { city: 'Oslo', seats: 2, window: true, class: 'second', meals: ['fish', 'soup'] },
  });
  await form.waitFor({ state: 'detached' });
  await page.context().close();
});

test('A1 S6: a page to be opened is a link with its whole address', async () => {
  const session = await place.session(
    '[[page https://example.com/login?x=1|Log in, please.]] [[say Over.]]',
  );
  const page = await place.page(`/s/${session}`);
  const link = asked(page).getByRole('link', { name: 'https://example.com/login?x=1' });
  expect(await link.getAttribute('target')).toBe('_blank');
  await asked(page).getByRole('button', { name: 'I have been there' }).click();
  expect(of(await place.ended(session), 'answer')).toMatchObject({ outcome: 'answered' });
  await page.context().close();
});

test('A2: the inbox has what waits in every session, and each is answered there', async () => {
  const sessions = await Promise.all(
    ['one', 'two', 'three'].map((name) =>
      place.session(`[[ask run echo ${name}-ran]] [[say Over.]]`, { title: `Session ${name}` }),
    ),
  );
  const page = await place.page('/inbox');
  for (const name of ['one', 'two', 'three']) {
    await asked(page)
      .filter({ hasText: `echo ${name}-ran` })
      .waitFor();
  }
  await asked(page)
    .filter({ hasText: 'echo two-ran' })
    .getByRole('button', { name: 'Allow once' })
    .click();
  await asked(page).filter({ hasText: 'echo two-ran' }).waitFor({ state: 'detached' });
  expect(await asked(page).count()).toBe(2);
  await asked(page)
    .filter({ hasText: 'echo one-ran' })
    .getByRole('button', { name: 'Deny' })
    .click();
  await asked(page)
    .filter({ hasText: 'echo three-ran' })
    .getByRole('button', { name: 'Allow once' })
    .click();
  await page.getByText('Nobody waits for you.').waitFor();
  const outcomes = await Promise.all(
    sessions.map(async (id) => of(await place.ended(id), 'decision')?.outcome),
  );
  expect(outcomes).toEqual(['denied', 'allowed', 'allowed']);
  await page.context().close();
});
