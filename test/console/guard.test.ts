import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const card = (page: Page, text: string) => page.locator('.approval').filter({ hasText: text });
/** The button of the key that is heard. */
const heard = (page: Page, text: string, key: string) =>
  card(page, text).locator(`[aria-keyshortcuts=${key}]`);
/** The button that allows it, when a click on it counts. */
const stands = (page: Page, text: string) =>
  card(page, text)
    .getByRole('button', { name: 'Allow once' })
    .and(page.locator(':enabled:not([aria-disabled])'));
const openIn = async (session: string) =>
  (await place.client.approvals.list({ session })).approvals.length;
const decisionOf = async (session: string) =>
  (await place.ended(session)).find(({ kind }) => kind === 'decision')?.data;

/** Two sessions that ask, and the inbox with both. */
async function two(name: string): Promise<{ page: Page; first: string; second: string }> {
  const first = await place.session(`[[ask run echo ${name}-1]] [[say Over.]]`);
  const page = await place.page('/inbox');
  await card(page, `${name}-1`).waitFor();
  const second = await place.session(`[[ask run echo ${name}-2]] [[say Over.]]`);
  await stands(page, `${name}-2`).waitFor();
  return { page, first, second };
}

/** As soon as a card is gone: the key and a click at a place, which come to what stands there now. */
async function pressedWhenGone(page: Page, text: string, at: { x: number; y: number }) {
  const there = await page.evaluateHandle(
    ([gone, { x, y }]) => {
      const cards = () => [...document.querySelectorAll('.approval')];
      return {
        met: new Promise<string>((resolve) => {
          new MutationObserver((_all, observer) => {
            if (cards().some((one) => one.textContent.includes(gone))) return;
            observer.disconnect();
            const met = document.elementFromPoint(x, y)?.closest('button');
            met?.click();
            for (let times = 0; times < 4; times += 1) {
              window.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }));
            }
            resolve(met?.textContent ?? 'nothing');
          }).observe(document.body, { subtree: true, childList: true });
        }),
      };
    },
    [text, at] as const,
  );
  return () => there.evaluate(({ met }) => met);
}

async function middleOf(page: Page, text: string): Promise<{ x: number; y: number }> {
  const button = card(page, text).getByRole('button', { name: 'Allow once' });
  const box = await button.boundingBox();
  return { x: box!.x + box!.width / 2, y: box!.y + box!.height / 2 };
}

test('A1: of several questions a key decides the one with the focus, and goes on to the next no sooner than it was seen', async () => {
  const { page, first, second } = await two('keyed');
  await page.keyboard.press('a');
  expect(await page.locator('.is-meant').count()).toBe(0);
  await page.keyboard.press('j');
  await heard(page, 'keyed-1', 'a').waitFor();
  expect(await page.locator('.is-meant').count()).toBe(1);
  expect([await openIn(first), await openIn(second)]).toEqual([1, 1]);
  const met = await pressedWhenGone(page, 'keyed-1', await middleOf(page, 'keyed-1'));
  await page.keyboard.press('a');
  expect(await met()).toContain('Allow once');
  // The focus has gone on, and a key counts again when that was to be seen.
  await heard(page, 'keyed-2', 'a').waitFor();
  expect([await openIn(first), await openIn(second)]).toEqual([0, 1]);
  expect(await card(page, 'keyed-2').evaluate((one) => one === document.activeElement)).toBe(true);
  await page.keyboard.press('d');
  await card(page, 'keyed-2').waitFor({ state: 'detached' });
  expect(await decisionOf(first)).toMatchObject({ outcome: 'allowed' });
  expect(await decisionOf(second)).toMatchObject({ outcome: 'denied' });
  await page.context().close();
});

test('A1: a click that is meant for a question that has gone does not decide the one in its place', async () => {
  const { page, first, second } = await two('clicked');
  const at = await middleOf(page, 'clicked-1');
  const met = await pressedWhenGone(page, 'clicked-1', at);
  await page.mouse.click(at.x, at.y);
  expect(await met()).toContain('Allow once');
  await stands(page, 'clicked-2').waitFor();
  expect([await openIn(first), await openIn(second)]).toEqual([0, 1]);
  await stands(page, 'clicked-2').click();
  await page.getByText('Nobody waits for you.').waitFor();
  await Promise.all([place.ended(first), place.ended(second)]);
  await page.context().close();
});

test('A1 A2: where somebody else decides a question, a key for it decides no other', async () => {
  const { page, first, second } = await two('elsewhere');
  await page.keyboard.press('j');
  await heard(page, 'elsewhere-1', 'a').waitFor();
  const met = await pressedWhenGone(page, 'elsewhere-1', await middleOf(page, 'elsewhere-1'));
  const { approvals } = await place.client.approvals.list({ session: first });
  const approval = approvals[0]!.entry.id;
  await place.client.approvals.decide({ session: first, approval, verdict: 'deny' });
  expect(await met()).toContain('Allow once');
  await heard(page, 'elsewhere-2', 'd').waitFor();
  expect(await openIn(second)).toBe(1);
  await page.keyboard.press('d');
  await place.ended(second);
  await page.context().close();
});

test('A1: keys do what is on the screen, or nothing: not while an input is being changed, and with the reason that was written', async () => {
  const session = await place.session('[[ask run echo as-asked]] [[say Over.]]');
  const page = await place.page(`/s/${session}`);
  await heard(page, 'as-asked', 'a').waitFor();
  const edit = page.getByRole('button', { name: 'Edit, then allow' });
  await edit.click();
  await page.getByRole('textbox', { name: 'Command' }).fill('echo another');
  await page.getByRole('button', { name: 'Allow this instead' }).focus();
  expect(await page.locator('.by-key').count()).toBe(0);
  await page.keyboard.press('a');
  await page.keyboard.press('d');
  await edit.click();
  await page.getByLabel('Reason of the denial').fill('not on a Friday');
  await card(page, 'as-asked').focus();
  await heard(page, 'as-asked', 'd').waitFor();
  expect(await openIn(session)).toBe(1);
  await page.keyboard.press('d');
  expect(await decisionOf(session)).toMatchObject({
    outcome: 'denied',
    message: 'not on a Friday',
  });
  await page.context().close();
});

test('A1: what was begun to be answered is there again for who looks elsewhere in between', async () => {
  const session = await place.session('[[form Where to?|city|meals: any of fish, rice]]');
  const asks = await place.session('[[ask run echo begun]] [[say Over.]]');
  const page = await place.page('/inbox');
  await card(page, 'Where to?').getByRole('textbox', { name: 'city' }).fill('Oslo');
  await card(page, 'Where to?').getByRole('checkbox', { name: 'fish' }).check();
  await card(page, 'begun').getByLabel('Reason of the denial').fill('No.');
  await card(page, 'begun').getByRole('button', { name: 'Edit, then allow' }).click();
  await page.getByRole('textbox', { name: 'Command' }).fill('echo other');
  await page.getByRole('navigation', { name: 'Console' }).getByText('Usage').click();
  await page.waitForURL('**/usage');
  await page.goBack();
  const form = card(page, 'Where to?');
  expect(await form.getByRole('textbox', { name: 'city' }).inputValue()).toBe('Oslo');
  expect(await form.getByRole('checkbox', { name: 'fish' }).isChecked()).toBe(true);
  const reason = card(page, 'begun').getByLabel('Reason of the denial');
  expect(await reason.inputValue()).toBe('No.');
  await card(page, 'begun').getByRole('button', { name: 'Edit, then allow' }).click();
  const command = page.getByRole('textbox', { name: 'Command' });
  expect(await command.inputValue()).toBe('echo other');
  // Nothing moves by it: the form stands above.
  await card(page, 'begun').getByRole('button', { name: 'Allow this instead' }).click();
  await card(page, 'begun').waitFor({ state: 'detached' });
  await form.getByRole('button', { name: 'Answer' }).click();
  await place.ended(session);
  expect(await decisionOf(asks)).toMatchObject({ input: { command: 'echo other' } });
  await page.context().close();
});
