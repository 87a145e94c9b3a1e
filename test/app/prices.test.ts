import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PriceFile } from '../../src/app/prices.ts';

const row = { model: 'm', input: 1, output: 2 };
const good = (...prices: object[]): string => JSON.stringify({ currency: 'USD', prices });

async function opened(text: string | null) {
  const home = await mkdtemp(path.join(tmpdir(), 'turnkeep-prices-'));
  const file = path.join(home, 'prices.json');
  if (text !== null) await writeFile(file, text);
  const logged: string[] = [];
  const prices = await PriceFile.open(file, (event) => logged.push(event));
  onTestFinished(async () => {
    prices.close();
    await rm(home, { recursive: true, force: true });
  });
  return { file, prices, logged };
}

const patient = { timeout: 15_000 };

test('U2: the table of prices is read at the start, and again when it changes', async () => {
  const { file, prices, logged } = await opened(good(row));
  expect(prices.table).toEqual([{ ...row, currency: 'USD' }]);
  // As an editor does that writes a file of its own and puts it in the place.
  await writeFile(`${file}.new`, good(row, { ...row, model: 'n', cacheRead: 0 }));
  await rename(`${file}.new`, file);
  await expect.poll(() => prices.table.length, patient).toBe(2);
  expect(prices.table[1]).toEqual({ ...row, model: 'n', cacheRead: 0, currency: 'USD' });
  await rm(file);
  await expect.poll(() => prices.table.length, patient).toBe(0);
  expect([prices.problem, logged]).toEqual([null, []]);
});

test('U2: a table that cannot be understood is told, and the last good one holds', async () => {
  const { file, prices, logged } = await opened(good(row));
  await writeFile(file, '{"currency":"USD",');
  await expect.poll(() => prices.problem, patient).toMatch(/JSON/);
  expect([prices.table.length, logged]).toEqual([1, ['prices']]);
  await writeFile(file, good({ ...row, input: -1 }));
  await expect.poll(() => prices.problem, patient).toMatch(/^prices\.0\.input: /);
  await writeFile(file, good(row, row));
  await expect.poll(() => prices.problem, patient).toBeNull();
  expect(prices.table).toHaveLength(2);
});

test('U2: without a table, or with one that never was good, nothing has a price', async () => {
  expect(await opened(null)).toMatchObject({ prices: { table: [], problem: null }, logged: [] });
  const { prices, logged } = await opened('[]');
  expect([prices.table, logged]).toEqual([[], ['prices']]);
  expect(prices.problem).not.toBeNull();
});
