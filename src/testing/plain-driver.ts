import type { AgentEvent } from '../domain/agent-event.ts';
import { agentSettings } from '../domain/settings.ts';
import { isObject, type Json, type JsonObject } from '../domain/json.ts';
import {
  type AgentDriver,
  type AgentProfile,
  type AgentProgram,
  itemId,
  type OpenSpec,
} from '../ports/agent.ts';

const profile: AgentProfile = {
  name: 'plain',
  title: 'Plain agent',
  protocol: 'acp',
  steer: false,
  resume: true,
  activityIsEvidence: true,
  deduplicatesPrompts: false,
  editsInput: false,
  hearsDenials: false,
  images: true,
  fork: true,
  settings: agentSettings,
  live: ['model', 'mode'],
  mcpSecrets: false,
  install: 'part of the tests',
};

/** An event as a plain agent prints it: without ids of items, which come from its place in the spool. */
type PlainEvent = { type: string; m?: string };

/**
 * The driver of agents that print domain events as JSON, one on a line, and read commands as JSON. Texts
 * and their ends are joined by a name `m`; all other items are named by their line. `decoderVersion` and
 * the profile can be set, so that tests see what follows from them.
 */
export function plainDriver(
  options: { profile?: Partial<AgentProfile>; decoderVersion?: number } = {},
): AgentDriver {
  return {
    profile: { ...profile, ...options.profile },
    decoderVersion: options.decoderVersion ?? 1,
    program: (): AgentProgram => ({ program: 'plain-agent', args: [], env: {} }),
    initial: () => ({}),
    open: (spec: OpenSpec) => [
      JSON.stringify({
        type: 'open',
        nativeId: spec.nativeId,
        forkOf: spec.forkOf,
        forkAt: spec.forkAt,
      }),
    ],
    decode: (state, line) => {
      const items = isObject(state) ? state : {};
      const event = parsed(line.text);
      if (event === null) {
        const { from, to, text: raw } = line;
        const item = itemId(line, 0);
        return {
          state,
          events: [{ type: 'unrecognized', item, reason: 'not JSON', raw, from, to }],
        };
      }
      const known = event.m === undefined ? undefined : items[event.m];
      const item = typeof known === 'string' ? known : itemId(line, 0);
      return {
        state: itemsAfter(items, event, item),
        events: [{ item, ...event } as unknown as AgentEvent],
      };
    },
    encode: (_state, command) => [JSON.stringify(command)],
  };
}

function parsed(text: string): PlainEvent | null {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) && typeof value['type'] === 'string' ? (value as PlainEvent) : null;
  } catch {
    return null;
  }
}

/** A text that has ended, by itself or with its turn, is forgotten: its name may be used again. */
function itemsAfter(items: JsonObject, event: PlainEvent, item: string): JsonObject {
  const { m, type } = event;
  if (type === 'turn_ended') return {};
  if (m === undefined) return items;
  const { [m]: _, ...others } = items;
  return type === 'text_end' ? others : { ...others, [m]: item };
}
