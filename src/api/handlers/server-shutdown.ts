import type { Handler } from '../handler.ts';

export const serverShutdown: Handler<'server.shutdown'> = async ({ mode }, context) => {
  const runs = await context.engine.shutdown(mode);
  context.afterAnswer(() => context.shutdown(mode));
  return { mode, runs: [...runs] };
};
