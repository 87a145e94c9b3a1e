import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Entry } from '../../src/domain/entry.ts';
import { imported, said } from './imported.ts';
import { ConsolePlace, shownEntries } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const log = (page: Page) => page.getByRole('log');
const bases = 400;

/** A fork of a log of so many entries, with a run of its own. */
async function forked(base: string, entries = bases): Promise<string> {
  const messages = Array.from({ length: entries - 1 }, (_, at) => said(`early ${at + 2}`));
  await imported(place, base, messages);
  const { session } = await place.client.sessions.fork({ session: base, title: `of ${base}` });
  await place.client.sessions.send({ session: session.id, content: '[[say late one]]' });
  await place.ended(session.id);
  return session.id;
}

const kinds = new Set(['prompt', 'message', 'run_ended', 'fork']);

/** What a page should show of a fork: its base from the first entry on, then its own log. */
async function wanted(base: string, fork: string): Promise<string[]> {
  const told = async (session: string, log: string | null) =>
    (await place.log(session))
      .filter((entry) => kinds.has(entry.kind))
      .map(({ seq }) => `${log} ${seq}`);
  return [...(await told(base, base)), ...(await told(fork, null))];
}

async function shown(page: Page): Promise<string[]> {
  const entries = await shownEntries(page);
  return entries.map(({ log, seq }) => `${log} ${seq}`);
}

test('V1: a fork is read from the first entry of its base to what is appended to it, each entry once and in order', async () => {
  const fork = await forked('base');
  const page = await place.page(`/s/${fork}`);
  await log(page).getByText('late one', { exact: true }).waitFor();
  await log(page).focus();
  await page.keyboard.press('Home');
  await log(page).getByText('early 2', { exact: true }).waitFor();
  await place.client.sessions.send({ session: fork, content: '[[say late two]]' });
  await ended(fork, 2);
  expect(await shown(page)).toEqual(await wanted('base', fork));
  await log(page).getByText('late two', { exact: true }).waitFor();
  await place.client.sessions.send({ session: fork, content: '[[say late three]]' });
  await log(page).getByText('late three', { exact: true }).waitFor();
  await page.context().close();
});

test('L7 V1: a link into a fork marks the entry of the log that it names, and shows nothing twice', async () => {
  const fork = await forked('root', 30);
  const own = (await place.log(fork)).find(({ kind }) => kind === 'message')!;
  const page = await place.page(`/s/${fork}/e/${own.seq}`);
  const marked = page.locator('.marked');
  await marked.waitFor();
  expect(await marked.locator('.md').textContent()).toBe('late one');
  expect(await marked.count()).toBe(1);
  expect(await shown(page)).toEqual(await wanted('root', fork));
  // The link of an entry of the base is made by the page.
  const early = page.locator(`[data-log="root"][data-seq="${own.seq}"]`);
  await early.scrollIntoViewIfNeeded();
  await early.hover();
  await early.getByRole('button', { name: `Raw entry ${own.seq}` }).click();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await early.locator('.raw').getByRole('button', { name: 'copy' }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(new URL(link).pathname).toBe(`/s/${fork}/e/${own.seq}/root`);
  await page.goto(link);
  await marked.waitFor();
  expect(await marked.locator('.md').textContent()).toBe(`early ${own.seq}`);
  expect(await marked.count()).toBe(1);
  expect(await shown(page)).toEqual(await wanted('root', fork));
  await page.goto(`${place.daemon.url}/s/${fork}/e/777`);
  await page.getByText('Entry 777 of the link is not in this log.').waitFor();
  await page.context().close();
});

test('V1: an entry far up in the log of a base is gone to by its link, and from there to both ends', async () => {
  const fork = await forked('far');
  const page = await place.page(`/s/${fork}/e/200/far`);
  await page.locator('.marked').getByText('early 200', { exact: true }).waitFor();
  await log(page).focus();
  await page.keyboard.press('Home');
  await log(page).getByText('early 2', { exact: true }).waitFor();
  expect(await shown(page)).toEqual(await wanted('far', fork));
  await page.context().close();
});

test('V1: the end is gone to while older entries are on their way, which are then not put before it', async () => {
  await imported(
    place,
    'held',
    Array.from({ length: 500 }, (_, at) => said(`early ${at + 2}`)),
  );
  const page = await place.blank();
  let hold = false;
  let asked: number | null = null;
  const late: (() => void)[] = [];
  await page.routeWebSocket(/\/rpc/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const { id, method, params } = JSON.parse(String(message)) as {
        id: number;
        method: string;
        params?: { before?: number };
      };
      if (hold && method === 'sessions.history' && params?.before !== undefined) asked ??= id;
      server.send(message);
    });
    server.onMessage((message) => {
      const { id } = JSON.parse(String(message)) as { id?: number };
      if (asked !== null && id === asked) late.push(() => socket.send(message));
      else socket.send(message);
    });
  });
  await page.goto(await place.link());
  await page.getByRole('navigation', { name: 'Console' }).waitFor();
  await page.goto(`${place.daemon.url}/s/held/e/250`);
  await page.locator('.marked').waitFor();
  hold = true;
  await log(page).evaluate((list) => list.scrollTo(0, 0));
  await expect.poll(() => late.length).toBe(1);
  await page.getByRole('button', { name: 'To the end' }).click();
  await log(page).getByText('early 501', { exact: true }).waitFor();
  hold = false;
  for (const send of late) send();
  // Nothing is left out on the way up.
  const seqs = await log(page).evaluate(async (list) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (;;) {
      await frame();
      await frame();
      const items = [...list.querySelectorAll<HTMLElement>('[data-seq]')];
      const drawn = items.map((item) => Number(item.dataset['seq']));
      const gap = drawn.some((seq, at) => at > 0 && seq !== drawn[at - 1]! + 1);
      if (gap || drawn[0]! < 350) return drawn;
      list.scrollBy(0, -list.clientHeight / 2);
    }
  });
  expect(seqs).toEqual(Array.from(seqs, (_, at) => seqs[0]! + at));
  await page.context().close();
});

test('V1 R7: every view says that the daemon is away; a session that is opened meanwhile is there when it is back', async () => {
  const session = await place.session('[[say All is said.]]', { title: 'opened while away' });
  await place.ended(session);
  const page = await place.page('/inbox');
  const away = page.getByText('No connection to the daemon.');
  const line = page.locator('.session-line > a').filter({ hasText: 'opened while away' });
  await line.waitFor();
  await place.daemon.kill();
  await away.waitFor();
  await line.click();
  await page.getByText('Reading the log').waitFor();
  expect(await away.count()).toBe(1);
  await page.getByLabel('Message').waitFor();
  await place.startAgain();
  await log(page).getByText('All is said.', { exact: true }).waitFor();
  await away.waitFor({ state: 'detached' });
  await page.getByText('The daemon was restarted. Nothing is missing here.').waitFor();
  await page.getByLabel('Message').fill('[[say And more.]]');
  await page.keyboard.press('Enter');
  await log(page).getByText('And more.', { exact: true }).waitFor();
  await page.context().close();
});

test('V1: what came just before a page was hidden is put on it while it is hidden', async () => {
  const session = await place.session('[[say At first.]]', { title: 'hidden soon' });
  await place.ended(session);
  const page = await place.page(`/s/${session}`);
  await log(page).getByText('At first.', { exact: true }).waitFor();
  // As a page that is hidden has it: frames that were asked for do not come.
  await page.evaluate(() => {
    Object.assign(window, { frames: 0 });
    window.requestAnimationFrame = () => ((window as unknown as { frames: number }).frames += 1);
  });
  await place.client.sessions.send({ session, content: '[[say While hidden.]]' });
  await ended(session, 2);
  await page.waitForFunction('frames > 0', undefined, { polling: 20 });
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.waitForFunction(
    () => document.querySelector('[role=log]')?.textContent.includes('While hidden.'),
    undefined,
    { polling: 20 },
  );
  await page.context().close();
});

test('V1 L7: a log whose beginning was purged, or whose end the daemon has lost, is said to have a gap', async () => {
  const fork = await forked('purged', 30);
  const session = await place.session('[[say Before.]]');
  await place.ended(session);
  await place.client.sessions.delete({ session: 'purged', purge: true });
  const page = await place.page(`/s/${fork}`);
  await page.getByText('The session that this one was forked from was deleted for good').waitFor();
  await log(page).getByText('late one', { exact: true }).waitFor();
  // The state of then is put back under a page that has seen more.
  const state = path.join(path.dirname(place.cwd), 'state');
  await restarted(() => cp(state, `${state}-then`, { recursive: true }));
  await place.client.sessions.send({ session, content: '[[say Afterwards.]]' });
  await ended(session, 2);
  await page.goto(`${place.daemon.url}/s/${session}`);
  await log(page).getByText('Afterwards.', { exact: true }).waitFor();
  await restarted(async () => {
    await rm(state, { recursive: true });
    await cp(`${state}-then`, state, { recursive: true });
  });
  await page.getByText('The daemon has come back with an earlier state of this session').waitFor();
  await log(page).getByText('Before.', { exact: true }).waitFor();
  expect(await log(page).getByText('Afterwards.', { exact: true }).count()).toBe(0);
  expect(await page.getByText('Nothing is missing here').count()).toBe(0);
  await page.context().close();
});

/** With another daemon on the same state, to which something is done while nothing runs on it. */
async function restarted(meanwhile: () => Promise<void>): Promise<void> {
  await place.client.server.shutdown({ mode: 'stop' });
  await place.daemon.exited();
  await meanwhile();
  await place.startAgain();
}

/** Resolves when so many runs of the session have ended. */
async function ended(session: string, runs: number): Promise<void> {
  const stop = new AbortController();
  let count = 0;
  const isEnd = ({ kind }: Entry) => kind === 'run_ended' && (count += 1) === runs;
  for await (const event of place.client.watch(session, { after: 0, signal: stop.signal })) {
    if (event.type === 'entry' && isEnd(event.entry)) break;
  }
  stop.abort();
}
