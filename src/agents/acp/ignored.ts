import type { CLIENT_METHODS, PROTOCOL_METHODS } from '@agentclientprotocol/sdk';
import type { UpdateKind } from './quirks.ts';

type ClientMethod =
  | (typeof CLIENT_METHODS)[keyof typeof CLIENT_METHODS]
  | (typeof PROTOCOL_METHODS)[keyof typeof PROTOCOL_METHODS];

/** Updates that we know and that say nothing for the log, each with the reason. */
export const ignoredUpdates = {
  user_message_chunk: 'the prompt is in the log already, as its sender wrote it',
  available_commands_update: 'commands are typed into prompts; a probe tells which there are',
  compaction_summary_chunk: 'the summary is the agent’s own; its end comes as compaction_update',
} as const satisfies Partial<Record<UpdateKind, string>>;

/** Notifications that we know and that say nothing for the log. */
export const ignoredNotifications: { readonly [method: string]: string } = {
  'elicitation/complete': 'what was done on the page is seen in what the agent does next',
  '_auth/status_update': 'how the agent is logged in; a failed turn says what matters of it',
} satisfies { [Method in ClientMethod | '_auth/status_update']?: string };

/** Requests for things that this client does not offer. The agent gets the reason. */
export const refusedRequests: { readonly [method: string]: string } = {
  'fs/read_text_file': 'agents read files themselves',
  'fs/write_text_file': 'agents write files themselves',
  'terminal/create': 'agents run commands themselves',
  'terminal/output': 'agents run commands themselves',
  'terminal/release': 'agents run commands themselves',
  'terminal/wait_for_exit': 'agents run commands themselves',
  'terminal/kill': 'agents run commands themselves',
} satisfies { [Method in ClientMethod]?: string };
