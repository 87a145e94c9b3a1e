import type { Handler } from '../handler.ts';

export const agentsList: Handler<'agents.list'> = async (_input, { engine }) => ({
  default: engine.agents.default,
  agents: [...engine.agents.list],
});
