import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { EntryDataByKind } from '../../src/domain/entry.ts';
import { withClaude } from './agents.ts';
import { ConsolePlace, shownEntries } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open(withClaude);
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const field = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const log = (page: Page) => page.getByRole('log');

/** A page on a session whose agent can be steered, and has begun. */
async function steerable(prompt: string): Promise<{ page: Page; session: string }> {
  const session = await place.session(`[[say begun]] ${prompt}`, { agent: 'claude' });
  const page = await place.page(`/s/${session}`);
  await log(page).getByText('begun', { exact: true }).waitFor();
  await page.getByRole('textbox', { name: 'Message' }).fill('look left');
  await page.getByRole('button', { name: 'Steer' }).waitFor();
  return { page, session };
}

test('P2 P3: a key steers the agent that works; what was said stands where it was taken in', async () => {
  const { page, session } = await steerable('[[listen 1]] [[say done]]');
  await page.keyboard.press('Control+Enter');
  await log(page).getByText('done', { exact: true }).waitFor();
  await log(page).getByText('completed', { exact: true }).waitFor();
  expect(await field(page).inputValue()).toBe('');
  const shown = (await shownEntries(page)).map(({ text }) => text);
  const at = shown.findIndex((text) => text === 'begun');
  expect(shown.slice(at, at + 4)).toEqual(['begun', 'look left', 'heard: look left', 'done']);
  const entries = await place.log(session);
  expect(entries.filter(({ kind }) => kind === 'run_started')).toHaveLength(1);
  await page.context().close();
});

test('P1 P2: what steers is on the page from the moment it was sent, and says what has become of it', async () => {
  const { page, session } = await steerable('[[wait]]');
  await page.getByRole('button', { name: 'Steer' }).click();
  const prompt = log(page).locator('.is-prompt', { hasText: 'look left' });
  await prompt.getByText('The agent has not taken this in yet.').waitFor();
  await page.reload();
  await prompt.getByText('The agent has not taken this in yet.').waitFor();
  await place.client.sessions.abort({ session });
  await prompt.getByText('withdrawn', { exact: true }).waitFor();
  expect(await prompt.count()).toBe(1);
  await page.context().close();
});

/** Files are let fall on what is shown there; answers whether the page has taken them. */
function dropped(page: Page, on: string, type: string): Promise<boolean> {
  return page.locator(on).evaluate(async (element, mime) => {
    const canvas = new OffscreenCanvas(4, 4);
    canvas.getContext('2d')!.fillRect(0, 0, 4, 4);
    const dataTransfer = new DataTransfer();
    const blob = await canvas.convertToBlob({ type: 'image/png' });
    dataTransfer.items.add(new File([blob], 'dropped', { type: mime }));
    const options = { dataTransfer, bubbles: true, cancelable: true };
    const over = element.dispatchEvent(new DragEvent('dragover', options));
    // Where nobody prevents it the browser leaves the page for the file.
    return !element.dispatchEvent(new DragEvent('drop', options)) && !over;
  }, type);
}

test('P1: pictures are dropped anywhere on the page and go along; other files say what to do', async () => {
  const session = await place.session('[[say Ready.]]');
  const page = await place.page(`/s/${session}`);
  await log(page).getByText('Ready.', { exact: true }).waitFor();
  const attached = page.getByRole('list', { name: 'Pictures that go along' }).getByRole('listitem');
  expect(await dropped(page, '.composer textarea', 'image/png')).toBe(true);
  await attached.nth(0).waitFor();
  expect(await dropped(page, '.timeline', 'image/png')).toBe(true);
  await attached.nth(1).waitFor();
  expect(await dropped(page, '.timeline', 'text/plain')).toBe(true);
  await page.getByRole('alert').getByText('Only pictures go along; name files with @.').waitFor();
  await field(page).fill('[[say Seen.]]');
  await page.keyboard.press('Enter');
  await log(page).getByText('Seen.', { exact: true }).waitFor();
  const prompt = (await place.log(session)).findLast(({ kind }) => kind === 'prompt');
  const { content } = prompt!.data as EntryDataByKind['prompt'];
  const types = content.map(({ type }) => type);
  expect(types).toEqual(['text', 'image', 'image']);
  expect(await attached.count()).toBe(0);
  await page.context().close();
});

test('P1: for an agent that takes no pictures the page refuses them, and says what to do instead', async () => {
  const session = await place.session('[[say Ready.]]');
  const page = await place.page('/');
  // What the daemon says of its agents is what the page goes by.
  await page.routeWebSocket(/\/rpc$/, (socket) => {
    const daemon = socket.connectToServer();
    daemon.onMessage((text) => {
      socket.send(String(text).replaceAll('"images":true', '"images":false'));
    });
  });
  await page.route('**/v1/**', async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replaceAll('"images":true', '"images":false');
    await route.fulfill({ response: answer, body });
  });
  await page.goto(`${place.daemon.url}/s/${session}`);
  await log(page).getByText('Ready.', { exact: true }).waitFor();
  const refused = page
    .getByRole('alert')
    .getByText(/takes no pictures. Put them into its directory/);
  // It goes by what it knows: that comes with the answer to which agents there are.
  await expect
    .poll(async () => (await dropped(page, '.timeline', 'image/png')) && (await refused.count()), {
      timeout: 20_000,
    })
    .toBe(1);
  expect(await page.getByRole('button', { name: /Take .* away/ }).count()).toBe(0);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().close();
});
