import type { Handler } from '../handler.ts';
import { policyRowView, rulesOf } from '../policy-input.ts';

export const policySet: Handler<'policy.set'> = async (input, { engine, caller }) => {
  const { directory, revision } = input;
  const rules = rulesOf(input.rules);
  engine.policies.check(rules, 'rules');
  const by = caller.by.type === 'client' ? caller.by.token : caller.by.type;
  const change = { directory, rules, ...(revision === undefined ? {} : { revision }), by };
  return policyRowView(await engine.policies.set(change));
};
