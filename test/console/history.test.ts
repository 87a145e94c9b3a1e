import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const log = (page: Page) => page.getByRole('log');

/** A session with two runs that are over, and a page on it. */
async function twoRuns(): Promise<{ page: Page; session: string }> {
  const session = await place.session('[[say The first answer.]]', { title: 'the base' });
  await place.ended(session);
  await place.client.sessions.send({ session, content: '[[say The second answer.]]' });
  const page = await place.page(`/s/${session}`);
  await log(page).getByText('The second answer.', { exact: true }).waitFor();
  return { page, session };
}

async function choose(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Session', exact: true }).click();
  await page.getByRole('menuitem', { name }).click();
}

test('L7 P1: a session is forked at an entry, tells what its agent remembers, and is compared with its base', async () => {
  const { page, session } = await twoRuns();
  const entries = await place.log(session);
  const first = entries.find(({ kind }) => kind === 'message')!;
  await page.locator(`[data-seq="${first.seq}"]`).hover();
  await page.getByRole('button', { name: `Raw entry ${first.seq}`, exact: true }).click();
  await page.getByRole('button', { name: 'fork here' }).click();
  const dialog = page.getByRole('dialog', { name: `Fork after entry ${first.seq}` });
  await dialog.getByLabel('Title').fill('the fork');
  await dialog.getByLabel('What is to be done there').fill('[[say Another answer.]]');
  await dialog.getByRole('button', { name: 'Fork', exact: true }).click();
  const forked = page.getByRole('dialog', { name: 'Forked' });
  await forked.getByText(/The agent is told what was said before/).waitFor();
  await forked.getByRole('button', { name: 'Open it' }).click();
  await page.getByRole('heading', { name: 'the fork' }).waitFor();
  await log(page).getByText('Another answer.', { exact: true }).waitFor();
  // What it is told of before is a script to this agent: it says that again.
  await log(page).getByText('The first answer.', { exact: true }).first().waitFor();
  expect(await log(page).getByText('The second answer.', { exact: true }).count()).toBe(0);
  await choose(page, 'Compare branches …');
  const compare = page.getByRole('dialog', { name: 'Compare branches' });
  await compare.getByText(`entry ${first.seq}`, { exact: true }).waitFor();
  const mine = compare.getByRole('region', { name: 'This: the fork' });
  const base = compare.getByRole('region', { name: 'the base' });
  await mine.getByText('Another answer.', { exact: true }).waitFor();
  await base.getByText('The second answer.', { exact: true }).waitFor();
  expect(await base.getByText('The first answer.', { exact: true }).count()).toBe(0);
  const second = entries.filter(({ kind }) => kind === 'message')[1]!;
  await base.getByRole('link', { name: 'agent' }).first().click();
  await page.waitForURL(`**/s/${session}/e/${second.seq}`);
  await page.locator(`.marked[data-seq="${second.seq}"]`).waitFor();
  await page.context().close();
});

test('F3: what a run changed is shown as diffs and put back, with conflicts told first', async () => {
  const cwd = path.join(place.cwd, 'files');
  await mkdir(cwd);
  const file = (name: string) => path.join(cwd, name);
  for (const name of ['a.txt', 'b.txt']) await writeFile(file(name), 'one\ntwo\n');
  const session = await place.session('[[edit a.txt|two|three]] [[edit b.txt|two|four]]', { cwd });
  await place.ended(session);
  const seen = new AbortController();
  let snapshots = 0;
  for await (const event of place.client.watch(session, { after: 0, signal: seen.signal })) {
    if (event.type === 'entry' && event.entry.kind === 'snapshot' && ++snapshots === 2) break;
  }
  seen.abort();
  await writeFile(file('b.txt'), 'mine\n');
  const page = await place.page(`/s/${session}`);
  await log(page).getByRole('button', { name: 'files', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Files changed by this run' });
  await dialog.locator('.diff-line.added', { hasText: 'three' }).waitFor();
  await dialog.locator('.diff-line.removed', { hasText: 'two' }).first().waitFor();
  await dialog.getByRole('button', { name: 'Put back as before the run …' }).click();
  await dialog.getByText('nothing is done yet').waitFor();
  expect(await readFile(file('a.txt'), 'utf8')).toBe('one\nthree\n');
  expect(await dialog.locator('.outcomes .changed').textContent()).toMatch(
    /b\.txt was changed since/,
  );
  await dialog.getByRole('button', { name: 'Put 1 back' }).click();
  await dialog.getByText('put back', { exact: true }).waitFor();
  expect(await readFile(file('a.txt'), 'utf8')).toBe('one\ntwo\n');
  expect(await readFile(file('b.txt'), 'utf8')).toBe('mine\n');
  await dialog.getByRole('button', { name: 'Take that back …' }).click();
  await dialog.getByRole('button', { name: 'Put 1 back' }).click();
  await dialog.getByRole('button', { name: 'Put back as before the run …' }).waitFor();
  expect(await readFile(file('a.txt'), 'utf8')).toBe('one\nthree\n');
  await page.context().close();
});

test('L6: the whole log is downloaded as a file', async () => {
  const { page, session } = await twoRuns();
  const coming = page.waitForEvent('download');
  await choose(page, 'Export as JSON lines');
  const download = await coming;
  expect(download.suggestedFilename()).toBe('the-base.jsonl');
  const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n');
  for (const { id } of await place.log(session)) {
    expect(lines.some((line) => line.includes(id))).toBe(true);
  }
  await page.context().close();
});

test('V5: title and model are set on the page, which says when the agent has them', async () => {
  const { page, session } = await twoRuns();
  await choose(page, 'Settings …');
  const dialog = page.getByRole('dialog', { name: 'Session settings' });
  await dialog.getByLabel('Title').fill('another name');
  await dialog.getByLabel('Model').selectOption('brisk');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText(/^model: /).waitFor();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await page.getByRole('heading', { name: 'another name' }).waitFor();
  const { session: row } = await place.client.sessions.get({ session });
  expect(row).toMatchObject({ title: 'another name', model: 'brisk' });
  await page.context().close();
});

test('L7: a session is deleted, which is asked first, and restored', async () => {
  const { page, session } = await twoRuns();
  await choose(page, 'Delete …');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  const done = page.getByRole('dialog', { name: 'Deleted' });
  await done.getByText(/is kept until/).waitFor();
  await done.getByRole('button', { name: 'Restore it' }).click();
  await done.waitFor({ state: 'detached' });
  const { session: row } = await place.client.sessions.get({ session });
  expect(row.deletedAt).toBeNull();
  await choose(page, 'New conversation …');
  await page.getByRole('dialog').getByRole('button', { name: 'Begin anew' }).click();
  await log(page).getByText('a new conversation').waitFor();
  await page.context().close();
});
