import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

/** A page on a session that works, with messages behind it. */
async function waiting(...texts: string[]): Promise<{ page: Page; session: string }> {
  const session = await place.session('[[say At it.]] [[hang]]');
  for (const text of texts)
    await place.client.sessions.send({ session, content: `[[say ${text}]]` });
  const page = await place.page(`/s/${session}`);
  await chips(page)
    .nth(texts.length - 1)
    .waitFor();
  return { page, session };
}

const chips = (page: Page) => page.getByRole('list', { name: 'Queue' }).getByRole('listitem');

/** Waits until the page shows the queue so. */
async function shows(page: Page, texts: readonly string[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const shown = [...document.querySelectorAll('.queue .chip-text')];
    const words = shown.map((one) => /\[\[say (\w+)\]\]/.exec(one.textContent)?.[1]);
    return JSON.stringify(words) === JSON.stringify(wanted);
  }, texts);
}

test('P2: what waits is edited, moved by buttons and keys, and withdrawn, and goes to the agent so', async () => {
  const { page, session } = await waiting('one', 'two', 'three');
  await shows(page, ['one', 'two', 'three']);
  await chips(page).nth(1).getByRole('button', { name: /^Edit/ }).click();
  await page.getByLabel('Text that waits').fill('[[say second]]');
  await page.keyboard.press('Enter');
  await shows(page, ['one', 'second', 'three']);
  await page.getByRole('button', { name: /^Earlier: .*three/ }).click();
  await shows(page, ['one', 'three', 'second']);
  await chips(page).nth(0).getByRole('button', { name: /^Edit/ }).focus();
  await page.keyboard.press('Alt+ArrowDown');
  await shows(page, ['three', 'one', 'second']);
  await chips(page).nth(1).getByRole('button', { name: 'Withdraw' }).click();
  await shows(page, ['three', 'second']);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Let it go on' }).click();
  await page.getByRole('log').getByText('second', { exact: true }).waitFor();
  const told = (await place.log(session)).filter(({ kind }) => kind === 'delivery').slice(1);
  const texts = told.map(({ data }) => JSON.stringify((data as { content: unknown }).content));
  expect(texts.map((text) => /\[\[say (\w+)\]\]/.exec(text)?.[1])).toEqual(['three', 'second']);
  await page.context().close();
});

test('P2: a message that waits is dragged to another place', async () => {
  const { page, session } = await waiting('one', 'two', 'three');
  await chips(page).nth(2).dragTo(chips(page).nth(0));
  await shows(page, ['three', 'one', 'two']);
  await place.client.sessions.abort({ session, queue: 'withdraw' });
  await chips(page).first().waitFor({ state: 'detached' });
  await page.context().close();
});

test('P2: what is withdrawn elsewhere while it is edited is gone from the page', async () => {
  const { page, session } = await waiting('one');
  await chips(page).nth(0).getByRole('button', { name: /^Edit/ }).click();
  await page.getByLabel('Text that waits').fill('[[say other]]');
  const [item] = (await place.client.queue.list({ session })).items;
  await place.client.queue.withdraw({ session, prompt: item!.prompt });
  await page.getByLabel('Text that waits').waitFor({ state: 'detached' });
  expect(await chips(page).count()).toBe(0);
  await page.context().close();
});
