import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { PriceTable } from '../domain/price.ts';
import type { Prices } from '../ports/budgets.ts';

const perMillion = z.number().min(0).max(1e6);
const row = z.strictObject({
  model: z.string().min(1).max(256),
  input: perMillion,
  output: perMillion,
  cacheRead: perMillion.optional(),
  cacheWrite: perMillion.optional(),
  thought: perMillion.optional(),
});
const file = z.strictObject({
  currency: z.string().regex(/^[A-Z]{3}$/, 'three capital letters, as in USD'),
  prices: z.array(row).max(1000),
});

const lookMs = 1000;
const mostBytes = 1024 * 1024;

/**
 * The table of prices: a file that people edit. It is looked at again when it changes; one that cannot be
 * understood changes nothing and is told.
 */
export class PriceFile implements Prices {
  readonly file: string;
  table: PriceTable = [];
  problem: string | null = null;
  readonly #log: (event: string, data: object) => void;
  readonly #look: () => void;
  #reading: Promise<void> = Promise.resolve();

  private constructor(path: string, log: (event: string, data: object) => void) {
    this.file = path;
    this.#log = log;
    this.#look = () => {
      this.#reading = this.#reading.then(() => this.#read());
    };
  }

  /** Resolves when the file was read, if there is one. */
  static async open(path: string, log: (event: string, data: object) => void): Promise<PriceFile> {
    const prices = new PriceFile(path, log);
    watchFile(path, { interval: lookMs, persistent: false }, prices.#look);
    prices.#look();
    await prices.#reading;
    return prices;
  }

  close(): void {
    unwatchFile(this.file, this.#look);
  }

  async #read(): Promise<void> {
    try {
      this.table = await tableIn(this.file);
      this.problem = null;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.#log('prices', { file: this.file, message: this.problem });
    }
  }
}

/** Without the file there are no prices. */
async function tableIn(path: string): Promise<PriceTable> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return [];
  if (text.length > mostBytes) throw new Error(`it has more than ${mostBytes} characters`);
  const read = file.safeParse(JSON.parse(text));
  if (!read.success) throw new Error(reasonOf(read.error));
  const { currency, prices } = read.data;
  return prices.map((given) => {
    const known = Object.entries(given).filter(([, value]) => value !== undefined);
    return { ...(Object.fromEntries(known) as typeof given), currency } as PriceTable[number];
  });
}

function reasonOf({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue === undefined ? 'unknown' : `${issue.path.map(String).join('.')}: ${issue.message}`;
}
