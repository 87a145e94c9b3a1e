import type { Handler } from '../handler.ts';

export const approvalsList: Handler<'approvals.list'> = async (input, context) => {
  const { session, limit } = input;
  const sessions = session === undefined ? await context.seen() : [await context.session(session)];
  const approvals = await context.store.openApprovals({
    limit,
    ...(sessions === null ? {} : { sessions }),
  });
  if (!input.rules) return { approvals: [...approvals] };
  const { engine } = context;
  return {
    approvals: await Promise.all(
      approvals.map(async (one) => ({
        ...one,
        rules: [...(await engine.approvals.rulesFor(one.session, one.entry))],
      })),
    ),
  };
};
