import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ConsolePlace, shownEntries } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

test('P1 V5: a session is begun on the page, and runs to its end there and in the list', async () => {
  const page = await place.page('/new');
  await page.getByLabel('Directory').fill(place.cwd);
  await page
    .getByLabel('What is to be done')
    .fill('[[say I begin.]] [[write a.txt|one\\n]] [[say Ready.]]');
  await page.getByRole('button', { name: 'Begin' }).click();
  const log = page.getByRole('log');
  await log.getByText('Ready.', { exact: true }).waitFor();
  await log.getByText('completed', { exact: true }).waitFor();
  await log.getByText('a.txt').first().waitFor();
  const line = page.getByRole('complementary').getByRole('link');
  await line.getByRole('img', { name: 'done' }).waitFor();
  await page.getByLabel('Message').fill('[[say Once more.]]');
  await page.keyboard.press('Enter');
  await log.getByText('Once more.', { exact: true }).waitFor();
  expect(await page.getByLabel('Message').inputValue()).toBe('');
  await page.context().close();
});

test('V4: text streams token by token, and nothing but its own place changes', async () => {
  const session = await place.session('[[say First things first.]]');
  await place.ended(session);
  const page = await place.page(`/s/${session}`);
  await page.getByRole('log').getByText('First things first.', { exact: true }).waitFor();
  await page.evaluate(() => {
    const seen = { lengths: [] as number[], elsewhere: 0 };
    Object.assign(window, { seen });
    const said = [...document.querySelectorAll('.item.is-message')][0]!;
    new MutationObserver((all) => (seen.elsewhere += all.length)).observe(said, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    new MutationObserver(() => {
      const length = document.querySelector('.streaming')?.textContent.length ?? 0;
      if (length > (seen.lengths.at(-1) ?? 0)) seen.lengths.push(length);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await place.client.sessions.send({ session, content: '[[pace 20]] [[long 1500]] [[say Over.]]' });
  await page.getByRole('log').getByText('Over.', { exact: true }).waitFor();
  const seen = await page.evaluate(
    () => (window as unknown as { seen: { lengths: number[]; elsewhere: number } }).seen,
  );
  expect(seen.lengths.length).toBeGreaterThan(10);
  expect(seen.elsewhere).toBe(0);
  await page.context().close();
});

test('A1 A2: an approval that is answered on one of two pages goes from both', async () => {
  const session = await place.session('[[ask run echo it ran]] [[say Afterwards.]]');
  const first = await place.page(`/s/${session}`);
  const second = await place.page('/inbox');
  const asked = second.getByRole('article').filter({ hasText: 'echo it ran' });
  await asked.waitFor();
  await first.getByRole('button', { name: 'Allow once' }).click();
  await first.getByRole('log').getByText('Afterwards.', { exact: true }).waitFor();
  await asked.waitFor({ state: 'detached' });
  await first.getByRole('log').getByText('allowed', { exact: true }).waitFor();
  await first.context().close();
  await second.context().close();
});

test('A1: a denial tells the agent why', async () => {
  const session = await place.session('[[ask run echo never]] [[say Afterwards.]]');
  const page = await place.page(`/s/${session}`);
  await page.getByLabel('Reason of the denial').fill('not on a Friday');
  await page.getByRole('button', { name: 'Deny' }).click();
  const entries = await place.ended(session);
  expect(entries.find(({ kind }) => kind === 'decision')?.data).toMatchObject({
    outcome: 'denied',
    message: 'not on a Friday',
  });
  await page.context().close();
});

test('R4: Stop ends the run that hangs', async () => {
  const session = await place.session('[[say At it.]] [[hang]]');
  const page = await place.page(`/s/${session}`);
  await page.getByRole('log').getByText('At it.', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('log').getByText('cancelled', { exact: true }).waitFor();
  await page.context().close();
});

test('V1 V4 R7: a daemon is killed under a watching page and comes back: nothing is lost and nothing doubled', async () => {
  const script =
    '[[pace 10]] [[say before]] [[long 6000]] [[write b.txt|two]] [[say The very end.]]';
  const session = await place.session(script);
  const page = await place.page(`/s/${session}`);
  await page
    .locator('.streaming')
    .filter({ hasText: /.{200}/s })
    .waitFor();
  await place.daemon.kill();
  await page.getByText('No connection to the daemon.').waitFor();
  await place.startAgain();
  await page.getByRole('log').getByText('The very end.', { exact: true }).waitFor();
  await page.getByText('The daemon was restarted.').waitFor();
  const entries = await place.ended(session);
  await page.getByRole('log').getByText('completed', { exact: true }).waitFor();
  const kinds = new Set(['prompt', 'message', 'run_ended']);
  const first = entries.filter((entry) => kinds.has(entry.kind) || firstOfCall(entry));
  const shown = await shownEntries(page);
  expect(shown.map(({ log, seq }) => ({ log, seq }))).toEqual(
    first.map(({ seq }) => ({ log: null, seq })),
  );
  for (const entry of entries) {
    if (entry.kind !== 'message') continue;
    const told = entry.data.content
      .map((block) => (block.type === 'text' ? block.text : ''))
      .join('');
    const { text } = shown.find(({ seq }) => seq === entry.seq)!;
    expect(wordsOf(text)).toBe(wordsOf(told));
  }
  await page.context().close();
});

const firstOfCall = (entry: { kind: string; about?: string }) =>
  entry.kind === 'tool_call' && entry.about === undefined;
const wordsOf = (text: string) => text.replaceAll(/[^\p{Letter}]+/gu, '');
