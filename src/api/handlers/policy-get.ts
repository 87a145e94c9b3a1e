import type { Handler } from '../handler.ts';
import { policyRowView } from '../policy-input.ts';

export const policyGet: Handler<'policy.get'> = async (input, { engine, caller, session }) => {
  if (input.session === undefined && caller.sessions === null) {
    const rows = await engine.policies.list();
    return { session: null, policies: rows.map(policyRowView) };
  }
  const id = await session(input.session ?? caller.sessions?.[0] ?? '');
  const { policy, policies } = await engine.approvals.policyOf(id);
  return {
    session: { ...policy, rules: [...policy.rules] },
    policies: policies.map(policyRowView),
  };
};
