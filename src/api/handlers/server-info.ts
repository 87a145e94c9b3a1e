import { limits } from '../../domain/limits.ts';
import { stateVersion } from '../../domain/session-state.ts';
import { operationNames } from '../../protocol/operations.ts';
import type { Handler } from '../handler.ts';

export const serverInfo: Handler<'server.info'> = async (
  _input,
  { engine, clock, config, hooks, sees },
) => {
  const { setAside, ...counts } = engine.started;
  const { problem, notify, beforeCommit } = await hooks.view();
  const seen = await Promise.all(setAside.map(({ session }) => sees(session)));
  return {
    version: config.version,
    server: config.server,
    stateVersion,
    pid: process.pid,
    startedAt: config.startedAt,
    now: new Date(clock.now()).toISOString(),
    defaultAgent: engine.agents.default,
    defaultCwd: config.defaultCwd,
    cwd: process.cwd(),
    limits: { ...limits },
    operations: [...operationNames],
    space: engine.space,
    hooks: { problem, notify: notify.length, beforeCommit: beforeCommit.length },
    start: { ...counts, setAside: setAside.filter((_, at) => seen[at]) },
  };
};
