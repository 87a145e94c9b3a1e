import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { tooLarge } from '../../console/src/composer/content.ts';
import { limits } from '../../src/domain/limits.ts';
import { Line } from './line.ts';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults.filter((fault) => !/ERR_FAILED/.test(fault))).toEqual([]));

const field = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const log = (page: Page) => page.getByRole('log');

/** A page on a session, with what goes between it and the daemon in the test's hands. */
async function watched(session: string, sees: string): Promise<{ page: Page; line: Line }> {
  const page = await place.page();
  const line = await Line.under(page);
  await page.goto(`${place.daemon.url}/s/${session}`);
  await log(page).getByText(sees, { exact: true }).waitFor();
  await line.ready();
  return { page, line };
}

async function prompts(session: string): Promise<readonly string[]> {
  const entries = (await place.log(session)).filter(({ kind }) => kind === 'prompt');
  return entries.map(({ data }) => {
    const [first] = (data as { content: readonly { text: string }[] }).content;
    return first!.text;
  });
}

/** Sends what stands in the field; it arrives, and nobody tells the page. */
async function sendUnanswered(page: Page, line: Line): Promise<void> {
  const answer = line.hold('sessions.send', 'answered');
  line.mute();
  await page.keyboard.press('Enter');
  await answer.are(1);
  await line.cut();
  answer.release();
}

/** Resolves when nothing stands in the field any more. */
async function emptied(page: Page): Promise<void> {
  const handle = await field(page).elementHandle();
  await page.waitForFunction((element) => (element as HTMLTextAreaElement).value === '', handle);
}

test('P1: a message whose answer was lost is sent again as the same one', async () => {
  const session = await place.session('[[say Ready.]]');
  const { page, line } = await watched(session, 'Ready.');
  await field(page).fill('[[say Once.]]');
  await sendUnanswered(page, line);
  await page
    .locator('.composer')
    .getByText(/Nobody answers/)
    .waitFor();
  expect(await field(page).inputValue()).toBe('[[say Once.]]');
  // No feed tells what has become of it.
  await line.mendCalls();
  await page.keyboard.press('Enter');
  await emptied(page);
  expect(await prompts(session)).toEqual(['[[say Ready.]]', '[[say Once.]]']);
  await line.mend();
  await log(page).getByText('Once.', { exact: true }).waitFor();
  await page.context().close();
});

test('P1: a message that is in the log is no draft any more, also on a page that was loaded anew', async () => {
  const session = await place.session('[[say Ready.]]');
  const { page, line } = await watched(session, 'Ready.');
  await field(page).fill('[[say Arrived.]]');
  await sendUnanswered(page, line);
  await place.ended(session);
  await line.mend();
  await page.reload();
  await log(page).getByText('Arrived.', { exact: true }).waitFor();
  await emptied(page);
  expect(await prompts(session)).toHaveLength(2);
  await page.context().close();
});

test('P2 R4: Stop, be it pressed here, in the palette or for several, is for the run that was shown', async () => {
  const session = await place.session('[[say First.]] [[hang]]', { title: 'To be stopped' });
  const { page, line } = await watched(session, 'First.');
  const stop = line.hold('sessions.abort', 'asked');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await stop.are(1);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('Stop');
  await page.keyboard.press('Enter');
  await stop.are(2);
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await page.getByRole('checkbox', { name: 'Select To be stopped' }).check();
  await page
    .getByRole('group', { name: 'Chosen sessions' })
    .getByRole('button', { name: 'Stop' })
    .click();
  await stop.are(3);
  // Before the daemon hears of it the run has ended, and another one works.
  await place.client.sessions.send({
    session,
    content: '[[say Second.]] [[hang]]',
    delivery: 'interrupt',
  });
  await log(page).getByText('Second.', { exact: true }).waitFor();
  const answers = line.hold('sessions.abort', 'answered');
  stop.release();
  await answers.are(3);
  expect((await place.client.sessions.get({ session })).session.status).toBe('working');
  answers.release();
  await page.context().close();
  await place.client.sessions.abort({ session });
});

test('P2: while a stop is unanswered, messages are sent all the same', async () => {
  const session = await place.session('[[say At it.]] [[hang]]');
  const { page, line } = await watched(session, 'At it.');
  const stop = line.hold('sessions.abort', 'asked');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await stop.are(1);
  await field(page).fill('[[say Meanwhile.]]');
  await page.keyboard.press('Enter');
  await page.getByRole('list', { name: 'Queue' }).getByText('[[say Meanwhile.]]').waitFor();
  expect(await field(page).inputValue()).toBe('');
  stop.release();
  await page.context().close();
});

test('P2: what was being edited when it was delivered is in the field, and the page says so', async () => {
  const session = await place.session('[[say At it.]] [[hang]]');
  await place.client.sessions.send({ session, content: '[[say Queued.]]' });
  const page = await place.page(`/s/${session}`);
  const chip = page.getByRole('list', { name: 'Queue' }).getByRole('listitem');
  await chip.getByRole('button', { name: /^Edit/ }).click();
  await page.getByLabel('Text that waits').fill('[[say Better.]]');
  await field(page).fill('A draft.');
  await place.client.sessions.abort({ session, wait: true });
  await place.client.queue.release({ session });
  await log(page).getByText('Queued.', { exact: true }).waitFor();
  await page
    .getByRole('status')
    .getByText(/what you had written is in the field/)
    .waitFor();
  expect(await field(page).inputValue()).toBe('A draft.\n\n[[say Better.]]');
  await page.context().close();
});

test('P2: what somebody else has made of a waiting message is not overwritten unasked', async () => {
  const session = await place.session('[[say At it.]] [[hang]]');
  const { entry } = await place.client.sessions.send({ session, content: '[[say Queued.]]' });
  const page = await place.page(`/s/${session}`);
  const chip = page.getByRole('list', { name: 'Queue' }).getByRole('listitem');
  await chip.getByRole('button', { name: /^Edit/ }).click();
  await page.getByLabel('Text that waits').fill('[[say Mine.]]');
  const content = '[[say Theirs.]]';
  await place.client.queue.edit({ session, prompt: entry.id, content });
  await chip
    .getByRole('alert')
    .getByText(/changed elsewhere.*Theirs/)
    .waitFor();
  await page.getByLabel('Text that waits').press('Enter');
  await chip.getByRole('button', { name: 'Keep mine' }).click();
  await chip.getByText('[[say Mine.]]').waitFor();
  const changes = (await place.log(session)).filter(({ kind }) => kind === 'queue');
  expect(changes).toHaveLength(2);
  await page.context().close();
  await place.client.sessions.abort({ session, queue: 'withdraw' });
});

/** Puts a text into the field at once, as pasting does. */
function paste(page: Page, text: string, times: number): Promise<void> {
  return field(page).evaluate(
    (element, [part, count]) => {
      // As the field's own: what React has put over it would take the change for known.
      Reflect.set(HTMLTextAreaElement.prototype, 'value', part.repeat(count), element);
      element.dispatchEvent(new Event('input', { bubbles: true }));
    },
    [text, times] as const,
  );
}

function pastePicture(page: Page, name: string, size: number): Promise<void> {
  return field(page).evaluate(
    (element, [called, bytes]) => {
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([new Uint8Array(bytes)], called, { type: 'image/png' }));
      const options = { clipboardData, bubbles: true, cancelable: true };
      element.dispatchEvent(new ClipboardEvent('paste', options));
    },
    [name, size] as const,
  );
}

test('P1 S5: a long message goes beside its prompt without breaking the socket; one that is too long stays', async () => {
  const session = await place.session('[[say Ready.]]');
  const { page, line } = await watched(session, 'Ready.');
  await paste(page, 'A long story. ', 90_000);
  await field(page).press('Enter');
  await emptied(page);
  const sent = (await place.log(session)).filter(({ kind }) => kind === 'prompt').at(-1);
  expect(sent?.data).toMatchObject({ content: [{ type: 'text', blob: { size: 1_260_000 } }] });
  expect(line.dials).toBe(1);
  for (const name of ['one.png', 'two.png']) await pastePicture(page, name, 5 * 1024 * 1024);
  await page.getByRole('alert').getByText('This message has 10 MB; it may have 8 MB').waitFor();
  await field(page).fill('Look at these.');
  await field(page).press('Enter');
  expect(await field(page).inputValue()).toBe('Look at these.');
  expect(line.asked.filter(({ method }) => method === 'sessions.send')).toHaveLength(1);
  await page.context().close();
});

test('P1 S5: the console knows how much may go beside a message', () => {
  const text = 'x'.repeat(limits.promptBlobBytes);
  expect(tooLarge({ text, pictures: [] })).toBeNull();
  expect(tooLarge({ text: `${text}x`, pictures: [] })).toMatch(/at most/);
});

test('P1: pictures that were not sent are there when one comes back to their session', async () => {
  const session = await place.session('[[say Ready.]]');
  await place.session('[[say Elsewhere.]]', { title: 'Another one' });
  const page = await place.page(`/s/${session}`);
  await log(page).getByText('Ready.', { exact: true }).waitFor();
  await pastePicture(page, 'kept.png', 8);
  await page.getByRole('button', { name: 'Take kept.png away' }).waitFor();
  await page.getByRole('link', { name: /Another one/ }).click();
  await log(page).getByText('Elsewhere.', { exact: true }).waitFor();
  expect(await page.getByRole('button', { name: 'Take kept.png away' }).count()).toBe(0);
  await page.goBack();
  await page.getByRole('button', { name: 'Take kept.png away' }).waitFor();
  await page.context().close();
});
