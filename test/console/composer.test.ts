import { mkdir, writeFile } from 'node:fs/promises';
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

const field = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const log = (page: Page) => page.getByRole('log');

/** A page on a session whose run works until it is ended. */
async function working(): Promise<{ page: Page; session: string }> {
  const session = await place.session('[[say At it.]] [[hang]]');
  const page = await place.page(`/s/${session}`);
  await log(page).getByText('At it.', { exact: true }).waitFor();
  return { page, session };
}

test('P2: Enter queues while the agent works, and another key stops it and sends', async () => {
  const { page, session } = await working();
  await field(page).fill('[[say Queued.]]');
  await page.keyboard.press('Enter');
  await page.getByRole('list', { name: 'Queue' }).getByText('[[say Queued.]]').waitFor();
  expect(await field(page).inputValue()).toBe('');
  await field(page).fill('[[say At once.]]');
  await page.keyboard.press('Alt+Enter');
  await log(page).getByText('At once.', { exact: true }).waitFor();
  const prompts = (await place.log(session)).filter(({ kind }) => kind === 'prompt');
  expect(prompts.map(({ data }) => (data as { delivery: string }).delivery)).toEqual([
    'queue',
    'queue',
    'interrupt',
  ]);
  expect((await place.log(session)).find(({ kind }) => kind === 'run_ended')?.data).toMatchObject({
    outcome: 'cancelled',
  });
  await page.context().close();
});

test('P2: steering an agent that takes none is refused with the reason, and what was written stays', async () => {
  const { page } = await working();
  await field(page).fill('be quick');
  await page.keyboard.press('Control+Enter');
  await page
    .getByRole('alert')
    .getByText(/takes no prompt while it works/)
    .waitFor();
  expect(await field(page).inputValue()).toBe('be quick');
  await page.context().close();
});

test('P1: a draft is kept for its session, over a reload', async () => {
  const one = await place.session('[[say One.]]');
  const two = await place.session('[[say Two.]]');
  const page = await place.page(`/s/${one}`);
  await field(page).fill('half a thought');
  await page.goto(`${place.daemon.url}/s/${two}`);
  await log(page).getByText('Two.', { exact: true }).waitFor();
  expect(await field(page).inputValue()).toBe('');
  await page.goto(`${place.daemon.url}/s/${one}`);
  await log(page).getByText('One.', { exact: true }).waitFor();
  expect(await field(page).inputValue()).toBe('half a thought');
  await page.context().close();
});

test('R5: a force kill asks once, ends the agent and shows the proof', async () => {
  const { page, session } = await working();
  await page.getByRole('button', { name: 'Other ways to end it' }).click();
  await page.getByRole('menuitem', { name: 'Force kill …' }).click();
  await page.getByRole('button', { name: 'Kill its processes' }).click();
  const proof = page.getByRole('status').filter({ hasText: 'Nothing of the agent is left.' });
  await proof.waitFor();
  const told = (await place.log(session)).find(({ kind }) => kind === 'run_ended');
  const { proof: ended } = told!.data as { proof: { ended: readonly { pid: number }[] } };
  expect(ended.ended.length).toBeGreaterThan(0);
  for (const { pid } of ended.ended) await proof.getByText(`process ${pid}`).waitFor();
  await log(page).getByText('killed', { exact: true }).waitFor();
  await page.context().close();
});

/** From now on the page waits for the next frame, until it is let go on. */
async function heldFrames(page: Page): Promise<() => Promise<void>> {
  const release = await page.evaluateHandle(() => {
    const draws = window.requestAnimationFrame.bind(window);
    const held: FrameRequestCallback[] = [];
    window.requestAnimationFrame = (callback) => held.push(callback);
    return () => {
      window.requestAnimationFrame = draws;
      for (const callback of held) draws(callback);
    };
  });
  return () => release.evaluate((call) => call());
}

test('S3: files of the directory and commands of the agent are offered while one writes', async () => {
  const cwd = path.join(place.cwd, 'offers');
  await mkdir(path.join(cwd, 'src'), { recursive: true });
  for (const name of ['src/upload-queue.ts', 'readme.md'])
    await writeFile(path.join(cwd, name), '');
  const session = await place.session('[[say Ready.]]', { cwd });
  const page = await place.page(`/s/${session}`);
  await log(page).getByText('Ready.', { exact: true }).waitFor();
  await field(page).pressSequentially('look at @upl');
  await page.getByRole('option', { name: '@src/upload-queue.ts' }).waitFor();
  await page.keyboard.press('Enter');
  expect(await field(page).inputValue()).toBe('look at @src/upload-queue.ts ');
  await field(page).fill('look at  again');
  await field(page).evaluate((element: HTMLTextAreaElement) => element.setSelectionRange(8, 8));
  await field(page).pressSequentially('@upl');
  await page.getByRole('option', { name: '@src/upload-queue.ts' }).waitFor();
  // The caret is where it belongs before the page is drawn again.
  const goOn = await heldFrames(page);
  await page.keyboard.press('Enter');
  await page.keyboard.press('!');
  expect(await field(page).inputValue()).toBe('look at @src/upload-queue.ts! again');
  await goOn();
  await field(page).fill('');
  await field(page).pressSequentially('/he');
  await page.getByRole('option', { name: '/help' }).waitFor();
  await page.keyboard.press('Tab');
  expect(await field(page).inputValue()).toBe('/help ');
  await page.keyboard.press('Enter');
  await log(page)
    .getByText(/You wrote: “\/help”/)
    .waitFor();
  await page.context().close();
});

test('P1: pictures are pasted, taken away again, and go along, large ones as blobs', async () => {
  const session = await place.session('[[say Ready.]]');
  const page = await place.page(`/s/${session}`);
  await log(page).getByText('Ready.', { exact: true }).waitFor();
  const paste = (name: string, side: number) =>
    field(page).evaluate(
      async (element, [called, width]) => {
        const canvas = new OffscreenCanvas(width, width);
        const drawn = canvas.getContext('2d')!;
        const noise = drawn.createImageData(width, width);
        for (let at = 0; at < noise.data.length; at++) noise.data[at] = ((at * 7919) % 251) | 128;
        drawn.putImageData(noise, 0, 0);
        const type = 'image/png';
        const blob = await canvas.convertToBlob({ type });
        const clipboardData = new DataTransfer();
        // What makes it large is behind the picture itself.
        const tail = new Uint8Array(width > 10 ? 90_000 : 0);
        clipboardData.items.add(new File([blob, tail], called, { type }));
        const options = { clipboardData, bubbles: true, cancelable: true };
        element.dispatchEvent(new ClipboardEvent('paste', options));
      },
      [name, side] as const,
    );
  await paste('small.png', 4);
  await paste('large.png', 200);
  await paste('wrong.png', 4);
  await page.getByRole('button', { name: 'Take wrong.png away' }).click();
  await field(page).fill('[[say Seen.]]');
  await page.keyboard.press('Enter');
  await log(page).getByText('Seen.', { exact: true }).waitFor();
  expect(await page.getByRole('button', { name: /Take .* away/ }).count()).toBe(0);
  const prompt = (await place.log(session)).filter(({ kind }) => kind === 'prompt').at(-1);
  expect(prompt?.data).toMatchObject({
    content: [
      { type: 'text' },
      { type: 'image', mimeType: 'image/png', data: expect.any(String) },
      { type: 'image', mimeType: 'image/png', blob: { size: expect.any(Number) } },
    ],
  });
  await page.context().close();
});

test('P2: on a phone everything of the composer is within the screen, by touch alone', async () => {
  const session = await place.session('[[say At it.]] [[hang]]', {
    title: 'a long title '.repeat(9),
  });
  const content = 'a message that waits, and that has many words in it';
  await place.client.sessions.send({ session, content });
  const viewport = { width: 390, height: 844 };
  const page = await place.page(`/s/${session}`, { viewport, hasTouch: true, isMobile: true });
  await log(page).getByText('At it.', { exact: true }).waitFor();
  await field(page).fill('[[say By touch.]]');
  await page.getByRole('button', { name: 'Stop and send' }).waitFor();
  const outside = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.session button, .session textarea')]
      .filter((one) => one.getBoundingClientRect().right > innerWidth)
      .map((one) => one.textContent),
  );
  expect(outside).toEqual([]);
  await page.getByRole('button', { name: 'Stop and send' }).tap();
  await log(page).getByText('By touch.', { exact: true }).waitFor();
  await page.context().close();
});
