import type { Handler } from '../handler.ts';

export const pricesGet: Handler<'prices.get'> = async (_input, { engine }) => {
  const { table = [], file = null, problem = null } = engine.prices ?? {};
  return { prices: table.map((price) => ({ ...price })), file, problem };
};
