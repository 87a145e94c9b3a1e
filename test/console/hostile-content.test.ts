import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { call, imported, said, type Told } from './imported.ts';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit=1"><script>window.hit=2</script></svg>';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const markup = '<img src=x onerror="window.hit=3"><script>window.hit=4</script>';
const script = 'javascript:window.hit=5';

/** Every place of every card that says what an agent says. */
const everywhere: readonly Told[] = [
  said(
    `[link](${script}) [data](data:text/html,${markup}) <${script}> ![p](data:image/svg+xml;base64,${base64(svg)})`,
  ),
  { kind: 'thought', data: { content: [{ type: 'text', text: markup }] } },
  call(markup, {
    kind: 'execute',
    name: markup,
    input: { command: markup, description: markup },
    output: { exitCode: 1, signal: markup },
    result: markup,
  }),
  call('read', {
    kind: 'read',
    title: markup,
    locations: [{ path: `/${markup}.html` }],
    result: markup,
  }),
  call('edit', {
    kind: 'edit',
    title: markup,
    content: [{ type: 'diff', path: markup, oldText: markup, newText: `${markup}!` }],
  }),
  call('move', { kind: 'move', title: markup, locations: [{ path: markup }] }),
  call('search', {
    kind: 'search',
    title: markup,
    input: { pattern: markup, path: markup },
    result: markup,
  }),
  call('fetch', {
    kind: 'fetch',
    title: markup,
    input: { url: script, prompt: markup },
    result: `[x](${script})`,
  }),
  call('mcp', {
    name: `mcp__${markup}__${markup}`,
    title: markup,
    input: { [markup]: markup, __proto__: markup },
    result: markup,
  }),
  call('task', {
    kind: 'think',
    name: 'Task',
    title: markup,
    input: { prompt: `[x](${script})`, subagent_type: markup },
    result: markup,
  }),
  call('other', { name: markup, title: markup, output: { deep: [markup] } }),
  { kind: 'plan', data: { items: [{ content: markup, priority: 'high', status: 'pending' }] } },
  {
    kind: 'message',
    data: {
      content: [
        { type: 'image', mimeType: 'image/svg+xml', data: base64(svg) },
        { type: 'image', mimeType: `image/png;x,${markup}`, data: base64(svg) },
        { type: 'image', mimeType: 'image/png', data: base64(svg) },
        { type: 'resource_link', uri: script, name: markup },
        { type: 'resource', resource: { uri: script, mimeType: 'text/html', text: markup } },
        { type: 'resource', resource: { uri: 'http://192.0.2.7/x', blob: base64(svg) } },
      ],
    },
  },
  { kind: 'notice', data: { code: 'x', text: markup } },
  { kind: 'unrecognized', data: { reason: markup, raw: markup, count: 1 } },
];

/** What left the page, and every script that ran where it should not have. */
async function watched(at: string): Promise<{ page: Page; asked: string[] }> {
  const page = await place.page();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('dialog', (dialog) => {
    asked.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', (popup) => asked.push(`popup ${popup.url()}`));
  await page.goto(place.daemon.url + at);
  return { page, asked };
}

/** How long the page was away at most while something was done: between two frames, in milliseconds. */
async function longestPause(page: Page, during: () => Promise<unknown>): Promise<number> {
  await page.evaluate(() => {
    const seen = { longest: 0, last: performance.now(), on: true };
    Object.assign(window, { seen });
    const tick = () => {
      const now = performance.now();
      seen.longest = Math.max(seen.longest, now - seen.last);
      seen.last = now;
      if (seen.on) setTimeout(tick, 10);
    };
    tick();
  });
  await during();
  return page.evaluate(() => (window as unknown as { seen: { longest: number } }).seen.longest);
}

/** Goes through the whole log, and opens whatever can be opened in it. */
async function openAll(page: Page): Promise<void> {
  const log = page.getByRole('log');
  const closed = log.locator(
    ':is(.tool-head, .thought-box > button, .raw-button, .tool-prose > .more)[aria-expanded=false]',
  );
  while ((await closed.count()) > 0) {
    await closed.evaluateAll((buttons) => {
      for (const button of buttons as HTMLElement[]) button.click();
    });
  }
}

test('S6: in no place of any card does markup become an element, or an address a link that runs', async () => {
  await imported(place, 'everywhere', everywhere);
  const { page, asked } = await watched('/s/everywhere');
  await page.getByRole('log').getByText('were not understood').waitFor();
  await openAll(page);
  const found = await page.evaluate(() => ({
    hit: (window as unknown as { hit?: number }).hit,
    elements: document.querySelectorAll(
      '.item :is(script, iframe, object, embed, style, link, form, meta, base, [onerror], [onload], [srcdoc])',
    ).length,
    svgs: document.querySelectorAll('.item svg:not([aria-hidden])').length,
    links: [...document.querySelectorAll<HTMLAnchorElement>('.item a')].map(({ href }) => href),
    pictures: [...document.querySelectorAll<HTMLImageElement>('.item img')].map(({ src }) => src),
    shown: document.querySelector('[role=log]')!.textContent,
  }));
  expect(found).toMatchObject({ elements: 0, svgs: 0 });
  expect(found.hit).toBeUndefined();
  expect(found.links.filter((href) => !/^(https?|mailto):/.test(href))).toEqual([]);
  expect(
    found.pictures.filter((src) => !/^data:image\/(png|jpeg|gif|webp);base64,/.test(src)),
  ).toEqual([]);
  expect(found.shown).toContain(markup);
  const left = asked.filter(
    (url) => !url.startsWith(place.daemon.url) && !url.startsWith('data:image/png;'),
  );
  expect(left).toEqual([]);
  await page.context().close();
});

test('S6: text that turns the order of reading is named, and cannot reach what stands beside it', async () => {
  await imported(place, 'bidi', [
    said('a \u202Etxt.exe\u202C b \u2066c\u2069'),
    call('run', {
      kind: 'execute',
      input: { command: 'rm \u202Egnp.x\u200B\u{E0041}' },
      result: '\u202Eback',
    }),
    call('diff', {
      kind: 'edit',
      content: [{ type: 'diff', path: 'a\u202Etxt', oldText: 'x\u2067', newText: 'y\u2067' }],
    }),
  ]);
  const { page } = await watched('/s/bidi');
  await page.getByRole('log').getByText('‹U+202E›txt.exe').waitFor();
  await openAll(page);
  const shown = await page.getByRole('log').textContent();
  expect(shown).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u200B\u{E0041}]/u);
  expect(shown).toContain('rm ‹U+202E›gnp.x‹U+200B›‹U+E0041›');
  expect(
    await page
      .locator('bdi.tool-title')
      .first()
      .evaluate((title) => getComputedStyle(title).unicodeBidi),
  ).toBe('isolate');
  await page.context().close();
});

const million = 1_000_000;
const floods: { readonly [name: string]: Told } = {
  'a megabyte on one line': call('line', { kind: 'execute', result: 'x'.repeat(million) }),
  'a flood of colours': call('ansi', {
    kind: 'execute',
    result: '\u001B[31mx\u001B[0m'.repeat(60_000),
  }),
  'a flood of cursors': call('cursor', {
    kind: 'execute',
    result: '\u001B[2J\u001B[1;1H\u001B]0;t\u0007x\r'.repeat(40_000),
  }),
  'emphasis without an end': said('_a'.repeat(45_000)),
  'quotes in quotes': said(`${'> '.repeat(3000)}deep`),
  'lists in lists': said(
    Array.from({ length: 300 }, (_, at) => `${' '.repeat(at * 2)}- a`).join('\n'),
  ),
  'a table of many rows': said(`|a|b|\n|-|-|\n${'|x|y|\n'.repeat(12_000)}`),
  'a table of many columns': said(
    `|${'a|'.repeat(8000)}\n|${'-|'.repeat(8000)}\n|${'b|'.repeat(8000)}`,
  ),
  'many headings': said('# a\n'.repeat(20_000)),
  'code that never ends': said(`\`\`\`js\n${'((((a='.repeat(9000)}`),
  'two texts with nothing in common': call('diff', {
    kind: 'edit',
    content: [
      {
        type: 'diff',
        path: 'x',
        oldText: Array.from({ length: 20_000 }, (_, at) => `a${at}`).join('\n'),
        newText: Array.from({ length: 20_000 }, (_, at) => `b${at * 7}`).join('\n'),
      },
    ],
  }),
};

test('S6 V6: floods of every kind leave the page answering', async () => {
  const { page } = await watched('/');
  const pauses: { [name: string]: number } = {};
  for (const [at, [name, told]] of Object.entries(floods).entries()) {
    const session = `flood-${at}`;
    await imported(place, session, [told, said('Afterwards.')]);
    pauses[name] = await longestPause(page, async () => {
      await page.evaluate((path) => {
        history.pushState(null, '', path);
        dispatchEvent(new PopStateEvent('popstate'));
      }, `/s/${session}`);
      await page.getByRole('log').getByText('Afterwards.', { exact: true }).waitFor();
      await page.getByRole('log').evaluate((element) => element.scrollTo(0, 0));
      await openAll(page);
      await page.getByLabel('Message').fill(name);
    });
    expect(await page.getByLabel('Message').inputValue()).toBe(name);
    const elements = await page.evaluate(() => document.querySelectorAll('[role=log] *').length);
    expect(elements, name).toBeLessThan(30_000);
  }
  process.stderr.write(
    `longest pauses: ${JSON.stringify(pauses, (_key, ms: unknown) => (typeof ms === 'number' ? Math.round(ms) : ms))}\n`,
  );
  // Without bounds one of them takes minutes; a busy machine takes a second.
  const long = Object.entries(pauses).filter(([, ms]) => ms > 4000);
  expect(long).toEqual([]);
  await page.context().close();
});

test('S6 V4: a hostile text is as harmless while it streams', async () => {
  const { page } = await watched('/');
  const session = await place.session();
  await page.goto(`${place.daemon.url}/s/${session}`);
  const pause = await longestPause(page, async () => {
    const flood = '_a'.repeat(48_000);
    const prompt = `[[pace 0]] [[chunk 2000]] [[say ${markup} ${flood}]] [[say Afterwards.]]`;
    await place.client.sessions.send({ session, content: prompt });
    await page
      .getByRole('log')
      .getByText('Afterwards.', { exact: true })
      .waitFor({ timeout: 30_000 });
  });
  expect(pause).toBeLessThan(2500);
  expect(await page.evaluate(() => (window as unknown as { hit?: number }).hit)).toBeUndefined();
  expect(await page.locator('.item :is(script, img)').count()).toBe(0);
  await page.context().close();
});
