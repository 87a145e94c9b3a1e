import type { Handler } from '../handler.ts';
import { answerOf } from './agents-list.ts';

export const agentsProbe: Handler<'agents.probe'> = async ({ agent, refresh }, { engine }) =>
  answerOf(engine.agents, await engine.agents.probe(agent, refresh));
