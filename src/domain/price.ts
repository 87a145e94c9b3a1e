import type { Money, Tokens } from './usage.ts';

/**
 * What tokens of a model cost, per million. What goes into a model's cache, or comes from it, costs what
 * `input` costs where it has no price of its own; thoughts what `output` costs.
 */
export interface Price {
  /** Name of a model; `*` stands for any text. Upper and lower case are the same. */
  model: string;
  currency: string;
  input: number;
  output: number;
  cacheRead?: number;
  cacheWrite?: number;
  thought?: number;
}

/** The first row whose name fits a model is its price. */
export type PriceTable = readonly Price[];

/** What tokens cost by a table; null where the model has no price there. */
export function priceOf(table: PriceTable, model: string, tokens: Tokens): Money | null {
  const price = table.find((row) => fits(row.model, model));
  if (price === undefined) return null;
  const { input, output, cacheRead = input, cacheWrite = input, thought = output } = price;
  const amount =
    tokens.input * input +
    tokens.output * output +
    tokens.cacheRead * cacheRead +
    tokens.cacheWrite * cacheWrite +
    tokens.thought * thought;
  return { amount: roundedMoney(amount / 1e6), currency: price.currency };
}

/** Without what sums of floating numbers leave behind the tenth digit. */
export function roundedMoney(amount: number): number {
  return Math.round(amount * 1e10) / 1e10;
}

/** Piece by piece from the left: the earliest place of each leaves the most room for the others. */
function fits(pattern: string, name: string): boolean {
  const [first = '', ...pieces] = pattern.toLowerCase().split('*');
  const text = name.toLowerCase();
  const last = pieces.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
