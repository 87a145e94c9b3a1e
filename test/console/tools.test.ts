import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { call, imported, said } from './imported.ts';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());
afterEach(() => expect(place.faults).toEqual([]));

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const card = (page: Page, title: string) =>
  page.getByRole('log').getByRole('article').filter({ hasText: title });
const before = 'const one = 1;\nconst two = 2;\nexport { one, two };\n';

test('S6 V1: each kind of tool has a card that says what came of it', async () => {
  await imported(place, 'cards', [
    said('A look at `all` of them.\n\n```ts\nconst answer: number = 42;\n```'),
    call('run', {
      kind: 'execute',
      status: 'failed',
      input: { command: 'npm test -- --run', description: 'Runs the tests' },
      output: { exitCode: 2 },
      result: 'one\n\u001B[32mgreen\u001B[0m and \u001B[1;31mbold red\u001B[0m\n10%\r50%\r100%\n',
    }),
    call('read', {
      kind: 'read',
      locations: [{ path: '/w/src/one.ts', line: 3 }],
      result: 'let x = 1;\nlet y = 2;\n',
    }),
    call('edit', {
      kind: 'edit',
      locations: [{ path: '/w/src/two.ts' }],
      content: [
        {
          type: 'diff',
          path: '/w/src/two.ts',
          oldText: before,
          newText: before.replace('two = 2', 'two = 22'),
        },
      ],
    }),
    call('write', {
      kind: 'edit',
      content: [{ type: 'diff', path: '/w/new.md', oldText: null, newText: 'one\ntwo\n' }],
    }),
    call('search', {
      kind: 'search',
      input: { pattern: 'needle', path: 'src' },
      result: 'a:1\nb:2\nc:3\n',
    }),
    call('fetch', {
      kind: 'fetch',
      input: { url: 'https://example.com/page' },
      result: '# A page',
    }),
    call('mcp', {
      name: 'mcp__tickets__find',
      input: { query: 'open', limit: 5 },
      result: 'three tickets',
    }),
    call('agent', {
      kind: 'think',
      name: 'Task',
      status: 'in_progress',
      input: { description: 'Look around', prompt: 'Look at **all**.' },
    }),
    said('From below.', 'agent'),
    call('inner', { kind: 'execute', input: { command: 'ls -la' }, result: 'nothing' }, 'agent'),
    {
      kind: 'plan',
      data: {
        items: [
          { content: 'First', priority: 'high', status: 'completed' },
          { content: 'Then', priority: 'low', status: 'pending' },
        ],
      },
    },
    { kind: 'message', data: { content: [{ type: 'image', mimeType: 'image/png', data: png }] } },
  ]);
  const page = await place.page('/s/cards');
  const log = page.getByRole('log');
  const image = log.getByRole('img', { name: 'from the agent' });
  await image.waitFor();
  expect(await image.evaluate((picture: HTMLImageElement) => picture.naturalWidth)).toBe(1);
  await log
    .getByRole('listitem')
    .filter({ hasText: 'First' })
    .getByRole('img', { name: 'done' })
    .waitFor();

  const agent = card(page, 'Look around').first();
  await agent.getByText('From below.').waitFor();
  await agent.getByRole('button', { name: /ls -la/ }).waitFor();
  expect(
    await log.locator('.is-message:not(.nested)').filter({ hasText: 'From below.' }).count(),
  ).toBe(0);

  const mcp = card(page, 'tickets').first();
  await mcp.getByRole('button', { name: /find/ }).click();
  await mcp.getByText('three tickets').waitFor();
  await mcp.getByText('limit').waitFor();

  const fetched = card(page, 'example.com');
  await fetched.getByRole('button', { name: /Fetch/ }).click();
  expect(await fetched.getByRole('link').getAttribute('rel')).toContain('noopener');
  await card(page, 'needle').getByText('3 lines').waitFor();
  await card(page, 'new.md').getByText('new file').waitFor();

  const edit = card(page, 'two.ts');
  await edit.getByLabel('1 lines added').waitFor();
  expect(await edit.locator('.diff-line.added .changed').allTextContents()).toEqual(['22']);
  expect(await edit.locator('.diff-line.removed .changed').allTextContents()).toEqual(['2']);

  const run = card(page, 'npm test');
  await run.scrollIntoViewIfNeeded();
  await run.getByText('exit 2').waitFor();
  await run.getByText('Runs the tests').waitFor();
  expect(await run.locator('.ansi-green').allTextContents()).toEqual(['green']);
  expect(await run.locator('.ansi-red.ansi-bold').allTextContents()).toEqual(['bold red']);
  const output = await run.getByLabel('output').textContent();
  expect(output).toContain('100%');
  expect(output).not.toContain('50%');
  await page.context().close();
});

test('S6: code is coloured in a worker, of the page itself', async () => {
  await imported(place, 'code', [said('```ts\nconst answer: number = 42;\n```')]);
  const page = await place.page('/s/code');
  await page.locator('.hljs-keyword').filter({ hasText: 'const' }).waitFor();
  const workers = page.workers().map((worker) => new URL(worker.url()).origin);
  expect(workers).toEqual([place.daemon.url]);
  await page.context().close();
});

test('V1: each card has its raw entries, with nothing taken out', async () => {
  await imported(place, 'raw', [call('odd', { input: { a: '\u202Eodd\u001B[31m' } })]);
  const page = await place.page('/s/raw');
  await page.getByRole('button', { name: 'Raw entry 2' }).click();
  const raw = page.locator('.raw');
  await raw.getByText('\\u202eodd\\u001b[31m').waitFor();
  await page.context().close();
});

test('L6: a long output is its preview until all of it is asked for', async () => {
  const session = await place.session(
    '[[run i=0; while [ $i -lt 9000 ]; do echo "line $i"; i=$((i+1)); done; echo the very end]]',
  );
  await place.ended(session);
  const page = await place.page(`/s/${session}`);
  const run = page.getByRole('log').getByRole('article').first();
  await run.getByRole('button', { name: /Run/ }).click();
  const output = run.getByLabel('output');
  await run.getByRole('button', { name: /Show all of it/ }).click();
  await expect.poll(() => output.textContent()).toContain('the very end');
  await run.getByRole('button', { name: /characters before/ }).waitFor();
  await page.context().close();
});

test('U1: a run has a head with its time, its tokens and what it cost', async () => {
  const session = await place.session('[[say Done.]] [[usage 1200|80]] [[cost 0.25]]');
  await place.ended(session);
  const page = await place.page(`/s/${session}`);
  const head = page.locator('.run-head');
  await head.getByText('1.3k tokens').waitFor();
  await head.getByText('$0.25').waitFor();
  expect(await head.locator('time').getAttribute('datetime')).toMatch(/^20\d\d-/);
  await page.context().close();
});

test('S6: thoughts are one line until they are opened', async () => {
  const session = await place.session('[[think First this.\\n\\nThen **that**.]] [[say So.]]');
  await place.ended(session);
  const page = await place.page(`/s/${session}`);
  const thought = page.getByRole('log').getByRole('button', { name: /First this/ });
  expect(await thought.getAttribute('aria-expanded')).toBe('false');
  await thought.click();
  await page.locator('.thought-box strong').filter({ hasText: 'that' }).waitFor();
  await page.context().close();
});
