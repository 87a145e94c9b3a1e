import type { AgentDriver, AgentProfile } from '../../ports/agent.ts';
import { acpAgentSettings, acpDriver, acpFlags, acpLiveSettings } from '../acp/driver.ts';

/** Where the scripted agent is, as paths: this layer knows no files. */
export interface ScriptedOptions {
  /** The Node program that runs it. */
  node: string;
  /** The agent's own main file: `program/main.ts` here, `.js` in the package. */
  program: string;
  /** The directory in which it keeps its sessions. */
  store: string;
}

const profile: AgentProfile = {
  ...acpFlags,
  name: 'scripted',
  title: 'Scripted agent',
  editsInput: true,
  hearsDenials: true,
  settings: acpAgentSettings,
  live: acpLiveSettings,
  install: 'built in',
};

/** The agent that needs no model: it does what the prompt says, for trying Turnkeep and for its tests. */
export function scriptedAgent(options: ScriptedOptions): AgentDriver {
  const { node, program, store } = options;
  return acpDriver({
    profile,
    program: () => ({ program: node, args: [program, '--store', store], env: {} }),
    // Without its store it leaves no conversation behind.
    probeProgram: { program: node, args: [program], env: {} },
    // `[[disguise TEXT]]` ends a failed turn the way some agents do.
    quirks: { failureText: /\s*API Error\b[^]*/ },
  });
}
