import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());

const hostile = [
  '<script>window.hit = 1</script>',
  '<img src=x onerror="window.hit = 2">',
  '<svg onload="window.hit = 3"><script>window.hit = 4</script></svg>',
  '<iframe srcdoc="<script>parent.hit = 5</script>"></iframe>',
  '[a link](javascript:window.hit=6)',
  '[another](  JaVaScRiPt:window.hit=7)',
  '[data](data:text/html,<script>window.hit=8</script>)',
  '![picture](http://192.0.2.1/track.png)',
  '<a href="javascript:window.hit=9">click</a>',
  '<style>body { display: none }</style>',
  '<javascript:window.hit=10>',
  '`<script>window.hit = 11</script>`',
  'before \u202Ereversed\u202C after \u2066isolated\u2069',
  '\u001B]0;a title\u0007\u001B[31mred\u001B[0m',
];

test('S6: what an agent says is text, whatever it looks like: nothing runs, nothing is asked for', async () => {
  const escape = (text: string) => text.replaceAll('\\', '\\\\').replaceAll(']', '\\]');
  const said = hostile.map((text) => `[[say ${escape(text)}]]`).join(' ');
  const ran = `[[run printf '\\033[2J\\033]8;;javascript:window.hit=12\\033\\\\\\\\link <script>window.hit=13</script>']]`;
  const session = await place.session(
    `[[pace 0]] ${said} ${ran} [[write x.svg|<svg onload="window.hit=14"/>]]`,
    {
      title: '<img src=x onerror="window.hit = 15"> \u202Etitle',
    },
  );
  await place.ended(session);
  const page = await place.blank();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('dialog', (dialog) => {
    asked.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(await place.link());
  await page.getByRole('navigation', { name: 'Console' }).waitFor();
  await page.goto(`${place.daemon.url}/s/${session}`);
  const log = page.getByRole('log');
  await log.getByText('completed').waitFor();
  await log.evaluate((element) => element.scrollTo(0, 0));
  await log.getByText(hostile[0]!).first().waitFor();
  for (const button of await log.locator('.tool-head[aria-expanded=false]').all())
    await button.click();
  const found = await page.evaluate(() => ({
    hit: (window as unknown as { hit?: number }).hit,
    elements: document.querySelectorAll(
      '.item script, .item svg:not([aria-hidden]), .item iframe, .item style, .item img, .item [onerror], .item [onload]',
    ).length,
    links: [...document.querySelectorAll<HTMLAnchorElement>('.item a')].map(({ href }) => href),
    text: document.body.innerText,
    title: document.title,
  }));
  expect(found.hit).toBeUndefined();
  expect(found.elements).toBe(0);
  expect(found.links.filter((href) => !/^(https?|mailto):/.test(href))).toEqual([]);
  // oxlint-disable-next-line no-control-regex -- these must not be there
  expect(found.text).not.toMatch(/[\u001B\u202A-\u202E\u2066-\u2069]/);
  expect(
    asked.filter((url) => !url.startsWith(place.daemon.url) && !url.startsWith('data:')),
  ).toEqual([]);
  expect(place.faults).toEqual([]);
  await page.context().close();
});

test('S6 V6: a megabyte on one line is shown, and the page answers all the while', async () => {
  const session = await place.session('[[hugeline 1]] [[say Afterwards.]]');
  await place.ended(session);
  const page = await place.page(`/s/${session}`);
  const log = page.getByRole('log');
  await log.getByText('Afterwards.', { exact: true }).waitFor();
  await log.evaluate((element) => element.scrollTo(0, 0));
  await page.getByLabel('Message').fill('still here');
  expect(await page.getByLabel('Message').inputValue()).toBe('still here');
  expect(place.faults).toEqual([]);
  await page.context().close();
});
