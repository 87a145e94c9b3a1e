import { limits } from '../../domain/limits.ts';
import { operationNames } from '../../protocol/operations.ts';
import { maySee } from '../caller.ts';
import type { Handler } from '../handler.ts';

export const serverInfo: Handler<'server.info'> = async (_input, { engine, config, caller }) => {
  const { setAside, ...counts } = engine.started;
  return {
    version: config.version,
    pid: process.pid,
    startedAt: config.startedAt,
    defaultAgent: engine.agents.default,
    defaultCwd: config.defaultCwd,
    limits: { ...limits },
    operations: [...operationNames],
    start: { ...counts, setAside: setAside.filter(({ session }) => maySee(caller, session)) },
  };
};
