import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Line } from './line.ts';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());

const card = (page: Page, title: string) =>
  page.getByRole('region', { name: title }).or(page.locator('.inbox-item', { hasText: title }));

/** A session that waits for somebody. */
async function asking(title: string): Promise<string> {
  const session = await place.session('[[ask run date]]', { title });
  const stop = new AbortController();
  for await (const event of place.client.watch(session, { after: 0, signal: stop.signal })) {
    if (event.type === 'entry' && event.entry.kind === 'approval') break;
  }
  stop.abort();
  return session;
}

test('A2 V5: the inbox shows what waits while its session goes on changing, also over a slow line', async () => {
  const session = await asking('Slow');
  const page = await place.page();
  const line = await Line.under(page);
  await page.goto(place.daemon.url);
  await page.getByRole('link', { name: /Slow/ }).waitFor();
  await line.ready();
  const answers = line.hold('approvals.list', 'answered');
  await page.getByRole('button', { name: /^Inbox/ }).click();
  await answers.are(1);
  for (const label of ['one', 'two', 'three']) {
    await place.client.sessions.patch({ session, title: `Slow ${label}` });
    await page.getByRole('link', { name: new RegExp(`Slow ${label}`) }).waitFor();
  }
  expect(answers.count).toBe(1);
  answers.release(1);
  await card(page, 'Slow three').getByText('date').first().waitFor();
  // What changed meanwhile is asked for once more.
  await answers.are(2);
  answers.release();
  await page.context().close();
  await place.client.sessions.abort({ session });
});

test('A2 R7: an inbox that is opened while there is no daemon is full when it is back', async () => {
  const session = await asking('Waits');
  const page = await place.page();
  await page.getByRole('link', { name: /Waits/ }).waitFor();
  await place.daemon.kill();
  await page.getByRole('button', { name: /^Inbox/ }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  await page
    .getByRole('main')
    .getByRole('alert')
    .getByText(/Nobody answers/)
    .waitFor();
  await place.startAgain();
  await card(page, 'Waits').getByText('date').first().waitFor();
  expect(
    await page
      .getByRole('main')
      .getByText(/Nobody answers/)
      .count(),
  ).toBe(0);
  await page.context().close();
  await place.client.sessions.abort({ session });
});

test('S1: a new session is begun once, in the directory that was shown', async () => {
  const page = await place.page();
  const line = await Line.under(page);
  await page.goto(`${place.daemon.url}/new`);
  const directory = page
    .getByRole('textbox', { name: 'Directory' })
    .or(page.getByLabel('Directory'));
  const shown = () => directory.first().inputValue();
  await page.getByRole('radio', { name: /built in/ }).check();
  await page.waitForFunction(
    (cwd) => document.querySelector<HTMLInputElement>('input.mono')?.value === cwd,
    place.cwd,
  );
  const other = await place.session('[[say Elsewhere.]]', {
    cwd: `${place.cwd}/..`,
    title: 'Other',
  });
  await page.getByRole('link', { name: /Other/ }).waitFor();
  expect(await shown()).toBe(place.cwd);
  const before = (await place.client.sessions.list({})).sessions.length;
  await line.ready();
  const made = line.hold('sessions.create', 'asked');
  await page.getByLabel('What is to be done').fill('[[say Begun.]]');
  await page.getByRole('button', { name: 'Begin' }).dblclick();
  await made.are(1);
  await page.getByRole('button', { name: 'Beginning …' }).waitFor();
  made.release();
  await page.getByRole('log').getByText('Begun.', { exact: true }).waitFor();
  expect(line.asked.filter(({ method }) => method === 'sessions.create')).toHaveLength(1);
  expect((await place.client.sessions.list({})).sessions).toHaveLength(before + 1);
  await place.ended(other);
  await page.context().close();
});
