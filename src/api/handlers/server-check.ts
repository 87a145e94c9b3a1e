import type { Handler } from '../handler.ts';

const shown = 1000;

export const serverCheck: Handler<'server.check'> = async (_input, { store }) => {
  const faults = await store.check();
  return { faults: faults.slice(0, shown), more: Math.max(0, faults.length - shown) };
};
