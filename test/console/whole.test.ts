import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page, WebSocketRoute } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { InputOf } from '../../src/protocol/operations.ts';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const asked = (page: Page) => page.locator('.approval');
const decisionOf = async (session: string) =>
  (await place.log(session)).find(({ kind }) => kind === 'decision')?.data;

/** Scrolls an element down until it shows a text. */
async function scrolledTo(page: Page, selector: string, text: string): Promise<void> {
  const box = asked(page).locator(selector).last();
  const found = await box.evaluate(async (one, wanted) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let steps = 0; steps < 30 && !one.textContent.includes(wanted); steps += 1) {
      one.scrollTo(0, one.scrollHeight);
      // What is laid out by it is there two frames later.
      await frame();
      await frame();
    }
    return one.textContent.includes(wanted);
  }, text);
  expect(found).toBe(true);
}

/** Contents that lie beside their entries come when they are let through. */
async function heldBlobs(page: Page): Promise<() => void> {
  const held: [WebSocketRoute, string | Buffer][] = [];
  let open = false;
  await page.routeWebSocket('**/rpc', (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      if (!open && message.toString().includes('blobs.get')) held.push([server, message]);
      else server.send(message);
    });
  });
  return () => {
    open = true;
    for (const [server, message] of held) server.send(message);
  };
}

test('A1: a command too large for its entry is allowed or changed only when all of it is there', async () => {
  const words = 'x'.repeat(41_000);
  const session = await place.session(`[[ask run echo ${words} tail > long.txt]] [[say Over.]]`);
  const page = await place.page();
  const release = await heldBlobs(page);
  await page.goto(`${place.daemon.url}/s/${session}`);
  await asked(page).getByText('the rest is on its way').waitFor();
  await asked(page).getByRole('button', { name: 'Deny' }).and(page.locator(':enabled')).waitFor();
  const allow = asked(page).getByRole('button', { name: 'Allow once' });
  expect(await allow.isDisabled()).toBe(true);
  expect(await asked(page).getByRole('button', { name: 'Edit, then allow' }).count()).toBe(0);
  await page.locator('[aria-keyshortcuts=d]').waitFor();
  await page.keyboard.press('a');
  release();
  await allow.and(page.locator(':enabled')).waitFor();
  expect((await place.client.approvals.list({ session })).approvals).toHaveLength(1);
  await scrolledTo(page, '.command pre', ' tail > long.txt');
  await asked(page).getByRole('button', { name: 'Edit, then allow' }).click();
  const field = asked(page).getByRole('textbox', { name: 'Command' });
  expect(await field.inputValue()).toBe(`echo ${words} tail > long.txt`);
  await field.fill('echo short > long.txt');
  await asked(page).getByRole('button', { name: 'Allow this instead' }).click();
  await place.ended(session);
  expect(await decisionOf(session)).toMatchObject({ input: { command: 'echo short > long.txt' } });
  expect(readFileSync(path.join(place.cwd, 'long.txt'), 'utf8')).toBe('short\n');
  await page.context().close();
});

test('A1 F3: all of a large file and of a long line that would be written can be read before', async () => {
  const lines = Array.from({ length: 4000 }, (_, at) => `line ${at}`).join('\\n');
  const long = `${'y'.repeat(24_000)}behind`;
  const session = await place.session(
    `[[ask write large.txt|${lines}\\nlast line]] [[ask write long.txt|${long}]] [[say Over.]]`,
  );
  const page = await place.page(`/s/${session}`);
  await asked(page).getByLabel('4001 lines added').waitFor();
  await scrolledTo(page, '.diff-lines', 'last line');
  await asked(page).getByRole('button', { name: 'Allow once' }).click();
  await asked(page).getByLabel('1 lines added').waitFor();
  await scrolledTo(page, '.diff-lines pre', 'behind');
  await asked(page).getByRole('button', { name: 'Deny' }).click();
  await place.ended(session);
  await page.context().close();
});

async function request(
  session: string,
  more: Partial<InputOf<'approvals.request'>>,
): Promise<Page> {
  await place.client.approvals.request({ session, id: 'outside', ...more });
  const page = await place.page(`/s/${session}`);
  await asked(page).waitFor();
  return page;
}

test('A1 A4: what is allowed for ever says so, no key does it, and none chooses among several answers', async () => {
  const session = await place.session('[[hang]]');
  const always = { id: 'for-ever', name: 'Yes', kind: 'allow_always' } as const;
  const no = { id: 'no', name: 'No', kind: 'reject_always' } as const;
  const page = await request(session, { title: 'Go on?', options: [always, no] });
  await asked(page).getByRole('button', { name: 'Allow always: Yes' }).waitFor();
  await asked(page).getByRole('button', { name: 'Deny always' }).waitFor();
  await page.locator('[aria-keyshortcuts=d]').waitFor();
  expect(await asked(page).getByRole('button', { name: 'Allow once' }).count()).toBe(0);
  await page.keyboard.press('a');
  await asked(page).getByRole('button', { name: 'Allow always: Yes' }).click();
  await asked(page).waitFor({ state: 'detached' });
  expect(await decisionOf(session)).toMatchObject({ option: 'for-ever' });
  const once = (id: string) => ({ id, name: `Plan ${id}`, kind: 'allow_once' as const });
  await place.client.approvals.request({
    session,
    id: 'several',
    title: 'Which?',
    options: [once('one'), once('two'), no],
  });
  await asked(page).getByRole('button', { name: 'Plan two' }).waitFor();
  await page.locator('[aria-keyshortcuts=d]').waitFor();
  await page.keyboard.press('a');
  await asked(page).getByRole('button', { name: 'Plan two' }).click();
  await asked(page).waitFor({ state: 'detached' });
  const decisions = (await place.log(session)).filter(({ kind }) => kind === 'decision');
  expect(decisions.at(-1)?.data).toMatchObject({ option: 'two' });
  await place.client.sessions.abort({ session, force: true });
  await page.context().close();
});

test('A1: with a command stands all else that is in its input, and words of it as they would be written', async () => {
  const session = await place.session('[[hang]]');
  const page = await request(session, {
    title: 'Run it?',
    input: {
      command: ['sh', '-c', "echo 'a'; rm b"],
      dangerouslyDisableSandbox: true,
      env: { PATH: '/elsewhere' },
    },
  });
  await asked(page).getByText('dangerouslyDisableSandbox').waitFor();
  await asked(page).getByText('/elsewhere').waitFor();
  const command = asked(page).getByLabel('command', { exact: true });
  await expect.poll(() => command.textContent()).toBe(`sh -c 'echo '\\''a'\\''; rm b'`);
  await place.client.sessions.abort({ session, force: true });
  await page.context().close();
});

test('A1: a form whose fields are named as members of objects is empty until somebody fills it in', async () => {
  const session = await place.session('[[hang]]');
  const field = { type: 'string', format: 'constructor' };
  const page = await request(session, {
    message: 'Names?',
    schema: { required: ['toString', 'valueOf'], properties: { toString: field, valueOf: field } },
  });
  const answer = asked(page).getByRole('button', { name: 'Answer' });
  await answer.click();
  await asked(page).getByRole('alert').filter({ hasText: 'toString is missing' }).waitFor();
  await asked(page).getByRole('textbox', { name: 'toString' }).fill('one');
  await answer.click();
  await asked(page).getByRole('alert').filter({ hasText: 'valueOf is missing' }).waitFor();
  await place.client.sessions.abort({ session, force: true });
  await page.context().close();
});

test("A5: a bypass counts down by the daemon's clock, however wrong the browser's is", async () => {
  const session = await place.session('[[say Over.]]');
  await place.ended(session);
  await place.client.sessions.patch({ session, policy: { bypassMs: 5 * 60_000 } });
  for (const minutes of [11, -11]) {
    const page = await place.blank();
    await page.addInitScript((ms) => {
      const { now } = Date;
      Date.now = () => now.call(Date) + ms;
    }, minutes * 60_000);
    await page.goto(await place.link());
    await page.getByRole('navigation', { name: 'Console' }).waitFor();
    await page.goto(`${place.daemon.url}/s/${session}`);
    await page
      .getByRole('timer')
      .filter({ hasText: /^[34]:\d\d$/ })
      .waitFor();
    await page.context().close();
  }
});
