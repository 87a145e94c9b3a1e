import type { Handler } from '../handler.ts';
import { policyRowView } from '../policy-input.ts';

export const policyGet: Handler<'policy.get'> = async (input, context) => {
  const { engine, caller } = context;
  if (input.session === undefined && caller.sessions === null) {
    const rows = await engine.policies.list();
    return { session: null, policies: rows.map(policyRowView) };
  }
  const id = await context.session(input.session ?? caller.sessions?.[0] ?? '');
  const { policy, policies } = await engine.approvals.policyOf(id);
  return {
    session: { ...policy, rules: [...policy.rules] },
    policies: policies.map(policyRowView),
  };
};
