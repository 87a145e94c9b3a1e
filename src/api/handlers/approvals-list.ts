import type { Handler } from '../handler.ts';

export const approvalsList: Handler<'approvals.list'> = async ({ session, limit }, context) => {
  const sessions = session === undefined ? await context.seen() : [await context.session(session)];
  const approvals = await context.store.openApprovals({
    limit,
    ...(sessions === null ? {} : { sessions }),
  });
  return { approvals: [...approvals] };
};
