import type { Command } from 'commander';
import type { OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { cleanAll, jsonLine } from '../clean.ts';
import { type Common, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import { renderTable } from '../render/table.ts';

interface PricesOptions extends Common {
  example?: boolean;
  json?: boolean;
}
type Price = OutputOf<'prices.get'>['prices'][number];

export function addPrices(program: Command, act: Act): void {
  program
    .command('prices')
    .description('By which prices is estimated what agents do not tell the cost of.')
    .option('--example', 'print a file of prices to begin with; asks no daemon')
    .option('--json', 'print JSON')
    .action(act(prices));
}

function prices(io: Io, options: PricesOptions): Promise<number> {
  if (options.example === true) {
    io.out(example);
    return Promise.resolve(0);
  }
  return withClient(io, options, async (client) => {
    const value = await client.prices.get({});
    if (options.json === true) {
      io.out(`${jsonLine(value)}\n`);
      return 0;
    }
    const { prices: list, file, problem } = cleanAll(value);
    if (list.length > 0) io.out(`${renderPrices(list, lookOf(io, options)).join('\n')}\n`);
    const where = file === null ? '' : ` They are read from ${file}.`;
    if (list.length === 0) io.err(`No model has a price: nothing is estimated.${where}\n`);
    else io.err(`Per million tokens; the first row that fits a model holds.${where}\n`);
    if (problem !== null) io.err(`That file cannot be used as it is: ${problem}\n`);
    return 0;
  });
}

function renderPrices(list: readonly Price[], look: ReturnType<typeof lookOf>): string[] {
  const cell = (price: number | undefined, otherwise: number): string =>
    price === undefined ? `(${otherwise})` : String(price);
  const plain = (text: string) => text;
  return renderTable(
    {
      head: ['MODEL', 'INPUT', 'OUTPUT', 'CACHE READ', 'CACHE WRITE', 'THOUGHT', ''],
      cells: list.map((row) => [
        row.model,
        String(row.input),
        String(row.output),
        cell(row.cacheRead, row.input),
        cell(row.cacheWrite, row.input),
        cell(row.thought, row.output),
        row.currency,
      ]),
      paint: list.map(() => plain),
      whole: ['MODEL'],
    },
    look,
  );
}

/** The numbers are only to show the form: nobody's prices. */
const example = `{
  "currency": "USD",
  "prices": [
    { "model": "*small-model*", "input": 0.5, "output": 2, "cacheRead": 0.05 },
    { "model": "large-model-*", "input": 5, "output": 25, "cacheRead": 0.5, "cacheWrite": 6.25 }
  ]
}
`;
