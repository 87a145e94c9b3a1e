import type { Handler } from '../handler.ts';

export const runsStopAll: Handler<'runs.stopAll'> = async (_input, context) => {
  const seen = await context.seen();
  const runs = await context.engine.life.stopAll(seen, context.caller.by);
  return {
    runs: runs.map(({ proof, ...run }) => ({
      ...run,
      ...(proof === undefined ? {} : { proof: { ...proof, ended: [...proof.ended] } }),
    })),
  };
};
