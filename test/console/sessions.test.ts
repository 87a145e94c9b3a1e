import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { installAbsent, withAgents } from './agents.ts';
import { call, imported, said } from './imported.ts';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open(withAgents);
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const log = (page: Page) => page.getByRole('log');
const field = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const lines = (page: Page) => page.locator('.session-line > a');

async function choose(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Session', exact: true }).click();
  await page.getByRole('menuitem', { name }).click();
}

/** A page on a session that has done this. */
async function did(prompt: string, more: { title?: string; agent?: string } = {}) {
  const session = await place.session(prompt, more);
  await place.ended(session);
  const page = await place.page(`/s/${session}`);
  return { page, session };
}

test('L7: a compaction is asked for on the page, which then says from where the agent remembers, and what it is told', async () => {
  const { page, session } = await did('[[say One.]] [[say Two.]] [[say Three.]]');
  await log(page).getByText('Three.', { exact: true }).waitFor();
  await choose(page, 'Compact …');
  const dialog = page.getByRole('dialog', { name: 'Compact the conversation?' });
  await dialog.getByLabel('Entries of the conversation that are kept').fill('1');
  await dialog.getByLabel('Summary of what came before').fill('We counted.');
  await dialog.getByRole('button', { name: 'Compact' }).click();
  await page
    .getByRole('dialog', { name: 'Compacted' })
    .getByText(/entries are kept/)
    .waitFor();
  await page.keyboard.press('Escape');
  const boundary = (await place.log(session)).find(({ kind }) => kind === 'compaction');
  const { keepSeq } = boundary!.data as { keepSeq: number };
  const three = (await place.log(session)).find(({ seq }) => seq === keepSeq);
  expect(JSON.stringify(three?.data)).toContain('Three.');
  await log(page)
    .getByText(`need not remember what is before entry ${keepSeq}; it is told: We counted.`)
    .waitFor();
  await page.context().close();
});

test('V5: one session is archived and taken back from its menu, several from the list', async () => {
  const { page, session } = await did('[[say One.]]', { title: 'Shelf one' });
  await place.ended(await place.session('[[say Two.]]', { title: 'Shelf two' }));
  await page.getByLabel('Filter sessions').fill('shelf');
  await lines(page).nth(1).waitFor();
  await choose(page, 'Archive');
  await lines(page).nth(1).waitFor({ state: 'detached' });
  expect((await place.client.sessions.get({ session })).session.archived).toBe(true);
  await choose(page, 'Take out of the archive');
  await lines(page).nth(1).waitFor();
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  const bar = page.getByRole('group', { name: 'Chosen sessions' });
  await bar.getByRole('button', { name: 'All 2' }).click();
  await bar.getByRole('button', { name: 'Archive' }).click();
  await page.getByText('Nothing fits.').waitFor();
  await page.getByRole('button', { name: 'Archived sessions' }).click();
  await lines(page).nth(1).waitFor();
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await bar.getByRole('button', { name: 'All 2' }).click();
  await bar.getByRole('button', { name: 'Back' }).click();
  await lines(page).first().waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Archived sessions' }).click();
  await lines(page).nth(1).waitFor();
  await page.context().close();
});

test('V1: the link of a session is copied, and leads another page there', async () => {
  const { page, session } = await did('[[say Linked.]]');
  await log(page).getByText('Linked.', { exact: true }).waitFor();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await choose(page, 'Copy link');
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(copied, { timeout: 10_000 }).toBe(`${place.daemon.url}/s/${session}`);
  const other = await place.page(new URL(await copied()).pathname);
  await log(other).getByText('Linked.', { exact: true }).waitFor();
  for (const one of [page, other]) await one.context().close();
});

test('S3: model and mode of a new session are chosen in the form, and it works with them', async () => {
  const page = await place.page('/new');
  await page.getByRole('radio', { name: /built in/ }).check();
  await page.getByLabel('Directory', { exact: true }).fill(place.cwd);
  await page.getByRole('combobox', { name: 'Model', exact: true }).selectOption('brisk');
  await page.getByRole('combobox', { name: 'Mode', exact: true }).selectOption('auto');
  await page.getByLabel('What is to be done').fill('[[ask run echo unasked]] [[say Over.]]');
  await page.getByRole('button', { name: 'Begin', exact: true }).click();
  await log(page).getByText('Over.', { exact: true }).waitFor();
  const id = new URL(page.url()).pathname.slice('/s/'.length);
  const { session } = await place.client.sessions.get({ session: id });
  expect(session).toMatchObject({ model: 'brisk', mode: 'auto', modelInForce: { id: 'brisk' } });
  expect((await place.log(id)).some(({ kind }) => kind === 'approval')).toBe(false);
  await page.context().close();
});

test('S3: an agent that is not installed says how it would be, and is found once it is', async () => {
  const page = await place.page('/new');
  const others = page.locator('.other-agents');
  await others
    .getByText(/not (installed|ready)/)
    .first()
    .waitFor({ state: 'attached' });
  await others.locator('summary').click();
  const how = 'npm install --global an-agent-that-nobody-has-installed-on-this-machine';
  const told = others.getByText(how);
  await told.waitFor();
  // All of it is to be read.
  expect(await told.evaluate((one) => one.scrollWidth - one.clientWidth)).toBeLessThanOrEqual(0);
  const choice = page.getByRole('radio', { name: /Absent agent/ });
  expect(await choice.isDisabled()).toBe(true);
  await installAbsent(path.dirname(place.cwd));
  await page.reload();
  await choice.and(page.locator(':enabled')).waitFor();
  await choice.check();
  await page.context().close();
});

test('S3 R2: an agent that does not start says why and what to do; what it was asked waits until that is mended', async () => {
  const flaw = path.join(place.cwd, '..', 'flaw');
  await writeFile(flaw, '');
  const { page } = await did('[[say Mended.]]', { agent: 'flawed' });
  await log(page).getByText('No key: log in with `flawed login`.').waitFor();
  await log(page).getByText('turnkeep doctor').waitFor();
  await page.getByRole('list', { name: 'Queue' }).getByText('[[say Mended.]]').waitFor();
  await rm(flaw);
  await page.getByRole('button', { name: 'Let it go on' }).click();
  await log(page).getByText('Mended.', { exact: true }).waitFor();
  await page.context().close();
});

test('V1: what a sub-agent does stands in its card, to any depth, and goes with it', async () => {
  const task = (name: string) => ({ kind: 'think', name: 'Task', input: { description: name } });
  await imported(place, 'nested', [
    call('outer', { ...task('Outer work'), result: 'Both done.' }),
    call('inner', { ...task('Inner work'), result: 'Inner done.' }, 'outer'),
    said('From far below.', 'inner'),
    call('made', { kind: 'execute', input: { command: 'make it' }, result: 'made' }, 'inner'),
    said('Afterwards.'),
  ]);
  const page = await place.page('/s/nested');
  await log(page).getByText('Afterwards.', { exact: true }).waitFor();
  const below = log(page).getByText('From far below.', { exact: true });
  expect(await below.count()).toBe(0);
  await log(page)
    .getByRole('button', { name: /Outer work/ })
    .click();
  await log(page)
    .getByRole('button', { name: /Inner work/ })
    .click();
  await below.waitFor();
  const card = log(page).locator('.tool', { hasText: 'Outer work' }).first();
  await card.getByRole('button', { name: /make it/ }).waitFor();
  await log(page)
    .getByRole('button', { name: /Outer work/ })
    .click();
  await below.waitFor({ state: 'detached' });
  await page.context().close();
});

test('P2: what waits is edited on one page, and is so on another', async () => {
  const session = await place.session('[[say At it.]] [[hang]]');
  await place.client.sessions.send({ session, content: '[[say first]]' });
  const [one, two] = [await place.page(`/s/${session}`), await place.page(`/s/${session}`)];
  const queue = (page: Page) => page.getByRole('list', { name: 'Queue' });
  await queue(two).getByText('[[say first]]').waitFor();
  await queue(one).getByRole('button', { name: /^Edit/ }).click();
  await one.getByLabel('Text that waits').fill('[[say second]]');
  await one.keyboard.press('Enter');
  await queue(two).getByText('[[say second]]').waitFor();
  expect(await queue(two).getByText('[[say first]]').count()).toBe(0);
  await queue(two).getByRole('button', { name: 'Withdraw' }).click();
  await queue(one).waitFor({ state: 'detached' });
  await place.client.sessions.abort({ session });
  for (const page of [one, two]) await page.context().close();
});

test('L7 V1: a session that is deleted under an open page says so there, and is restored there', async () => {
  const { page, session } = await did('[[say One.]]', { title: 'Fleeting' });
  await log(page).getByText('One.', { exact: true }).waitFor();
  await lines(page).filter({ hasText: 'Fleeting' }).waitFor();
  await place.client.sessions.delete({ session });
  const banner = page.locator('.banner').filter({ hasText: 'This session is deleted' });
  await banner.waitFor();
  await lines(page).filter({ hasText: 'Fleeting' }).waitFor({ state: 'detached' });
  await banner.getByRole('button', { name: 'Restore it' }).click();
  await banner.waitFor({ state: 'detached' });
  await lines(page).filter({ hasText: 'Fleeting' }).waitFor();
  await field(page).fill('[[say Two.]]');
  await page.keyboard.press('Enter');
  await log(page).getByText('Two.', { exact: true }).waitFor();
  await page.context().close();
});

test('S6: long titles and commands, and text from right to left, stay in their places, also on a phone', async () => {
  const title = `a${'very'.repeat(110)} long שלום`;
  const command = `echo ${'x'.repeat(3000)}`;
  const session = await place.session(`[[say مرحبا بالعالم]] [[ask run ${command}]]`, { title });
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 390, height: 844 },
  ]) {
    const page = await place.page(`/s/${session}`, { viewport });
    const arabic = log(page).getByText('مرحبا بالعالم', { exact: true });
    await arabic.waitFor();
    expect(await arabic.evaluate((element) => getComputedStyle(element).direction)).toBe('rtl');
    const asked = page.locator('.approval');
    await expect
      .poll(() => asked.getByLabel('command').textContent(), { timeout: 10_000 })
      .toBe(command);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
    for (const name of ['Allow once', 'Deny']) {
      const box = await asked.getByRole('button', { name, exact: true }).boundingBox();
      expect(box!.x + box!.width).toBeLessThanOrEqual(viewport.width);
      expect(box!.y + box!.height).toBeLessThanOrEqual(viewport.height);
    }
    await page.context().close();
  }
  await place.client.sessions.abort({ session });
});

test('A2 V6: a hundred questions stand in the inbox, of which the last is answered without the others', async () => {
  const sessions = await Promise.all(
    ['Left', 'Right'].map((title) => place.session('[[asks 50 run echo n{n}]]', { title })),
  );
  const page = await place.page('/inbox');
  const cards = page.locator('.approval');
  await page.getByRole('heading', { name: '100 wait for you' }).waitFor();
  for (const left of [75, 50, 25]) await page.getByRole('button', { name: `${left} more` }).click();
  await cards.nth(99).waitFor({ state: 'attached' });
  expect(await cards.count()).toBe(100);
  const last = cards.nth(99);
  const command = await last.getByLabel('command').textContent();
  await last.scrollIntoViewIfNeeded();
  await last.getByRole('button', { name: 'Allow once' }).click();
  await cards.nth(99).waitFor({ state: 'detached' });
  const decided = (await Promise.all(sessions.map((id) => place.log(id)))).map((entries) =>
    entries.filter(({ kind }) => kind === 'decision'),
  );
  expect(decided.flat()).toHaveLength(1);
  expect(command).toMatch(/^echo n\d+$/);
  for (const session of sessions) await place.client.sessions.abort({ session });
  await page.getByText('Nobody waits for you.').waitFor();
  await page.context().close();
});
