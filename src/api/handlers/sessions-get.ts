import type { McpServer, ToolRules } from '../../domain/settings.ts';
import type { SessionView } from '../../engine/engine.ts';
import type { OutputOf } from '../../protocol/operations.ts';
import type { Handler } from '../handler.ts';

export const sessionsGet: Handler<'sessions.get'> = async (input, context) => {
  const id = await context.session(input.session);
  const [view, children] = await Promise.all([
    context.engine.get(id),
    context.store.children([id]),
  ]);
  const { row, host } = view;
  // An id may be the name of what every object has.
  const count = Object.hasOwn(children, id) ? children[id] : 0;
  return { session: row, children: count ?? 0, settings: settingsView(view), host };
};

type Settings = OutputOf<'sessions.get'>['settings'];

function settingsView({ settings, onLost, policy }: SessionView): Settings {
  const { tools, mcpServers, env, additionalDirs, instructions, ...plain } = settings;
  return {
    ...plain,
    instructions: instructions === null ? null : { ...instructions },
    tools: tools === null ? null : toolsView(tools),
    mcpServers: mcpServers.map(serverView),
    env: [...env],
    additionalDirs: [...additionalDirs],
    onLost,
    policy: { ...policy, rules: [...policy.rules] },
  };
}

function toolsView({ allow, deny }: ToolRules): NonNullable<Settings['tools']> {
  return {
    ...(allow === undefined ? {} : { allow: [...allow] }),
    ...(deny === undefined ? {} : { deny: [...deny] }),
  };
}

function serverView(server: McpServer): Settings['mcpServers'][number] {
  if (server.type !== 'stdio') return { ...server, headers: [...server.headers] };
  return { ...server, args: [...server.args], env: [...server.env] };
}
