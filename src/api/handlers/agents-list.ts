import type { EngineAgents } from '../../engine/engine.ts';
import type { OutputOf } from '../../protocol/operations.ts';
import type { Handler } from '../handler.ts';

/** Starts nothing and waits for nothing. */
export const agentsList: Handler<'agents.list'> = async (_input, { engine }) =>
  answerOf(engine.agents, engine.agents.list);

/** The engine's view in the shape of the operation, whose lists may be changed by who gets them. */
export function answerOf(
  agents: EngineAgents,
  list: EngineAgents['list'],
): OutputOf<'agents.list'> {
  return {
    default: agents.default,
    agents: structuredClone(list) as OutputOf<'agents.list'>['agents'],
  };
}
