import type { McpServer as AcpServer, NewSessionRequest } from '@agentclientprotocol/sdk';
import type { JsonObject } from '../../domain/json.ts';
import type { McpServer } from '../../domain/settings.ts';
import { memberAt, objectAt } from '../shape.ts';
import type { Reading } from './state.ts';

/** Where and with what a session works. What the agent says it cannot take is left out, with a notice. */
export function placeOf(reading: Reading, capabilities: JsonObject): NewSessionRequest {
  const { cwd, additionalDirs } = reading.state.spec;
  const mcpServers = serversOf(reading, objectAt(capabilities, 'mcpCapabilities'));
  if (additionalDirs.length === 0) return { cwd, mcpServers };
  const can = objectAt(capabilities, 'sessionCapabilities', 'additionalDirectories');
  if (can !== undefined) {
    return { cwd, additionalDirectories: [...additionalDirs], mcpServers };
  }
  const text = `The agent takes no directories beside its own: ${additionalDirs.join(', ')}`;
  reading.notice('directory-not-added', text);
  return { cwd, mcpServers };
}

function serversOf(reading: Reading, capabilities: JsonObject | undefined): AcpServer[] {
  return reading.state.spec.mcpServers.flatMap((server) => {
    const { type, name } = server;
    if (type === 'stdio' || memberAt(capabilities, type) === true) return [serverOf(server)];
    const text = `The agent takes no MCP servers of the kind ${type}: ${name} is left out.`;
    reading.notice('mcp-server', text);
    return [];
  });
}

/** Without variables and headers: these lines are stored, and no session gets here that has any. */
function serverOf(server: McpServer): AcpServer {
  const { name } = server;
  if (server.type === 'stdio') {
    return { name, command: server.command, args: [...server.args], env: [] };
  }
  return { type: server.type, name, url: server.url, headers: [] };
}
