import type { ApprovalOption, ContentBlock, PlanItem, ToolCall } from './content.ts';
import type { NativeLine, RunFailure, SettingsChange } from './entry.ts';
import type { Json } from './json.ts';
import type { Wanted } from './policy.ts';
import type { AgentSetting } from './settings.ts';
import type { UsageReport } from './usage.ts';

/**
 * What a decoder makes of an agent's lines. The words are ours, the same for every agent.
 *
 * `item` is the id of the entry that the event begins or continues: derived from the host's id and the
 * offset of the item's first line, never random, so that decoding the same bytes again names the same
 * entries.
 */
export type AgentEvent =
  /**
   * The agent opened its session (new or resumed). Only this makes a native id true (R10). `provisional`:
   * there is nothing to resume under the id yet; another `opened` says when there is.
   */
  | {
      type: 'opened';
      nativeId: string;
      resumed: boolean;
      settings?: SettingsChange;
      provisional?: true;
    }
  /** It could not be opened: the run that waits for it fails; the stored native id stays. */
  | { type: 'open_failed'; error: RunFailure }
  /** Evidence that the prompt (or the only one under way, without an id) reached the agent. */
  | { type: 'prompt_taken'; prompt?: string }
  /** The agent threw the prompt away before it read it: its conversation does not have it. */
  | { type: 'prompt_dropped'; prompt: string }
  /** The agent begins a turn by itself. */
  | { type: 'turn_started' }
  /** Text of an entry in progress. */
  | { type: 'text'; item: string; part: 'text' | 'thought'; delta: string; parentCall?: string }
  /** That text is over: complete, or broken off for good. */
  | { type: 'text_end'; item: string; incomplete?: true }
  /** A whole content block that is no streamed text. */
  | {
      type: 'block';
      item: string;
      part: 'text' | 'thought';
      content: ContentBlock;
      parentCall?: string;
    }
  /** First or later state of a tool call; `item` is the id for this state's entry. */
  | { type: 'tool_call'; item: string; toolCall: ToolCall; parentCall?: string }
  /** Output of a running tool so far, whole (at most the last 64 KiB); shown live, not stored. */
  | { type: 'tool_output'; call: string; text: string }
  | { type: 'plan'; item: string; items: readonly PlanItem[] }
  | {
      type: 'approval';
      item: string;
      request: Json;
      title: string;
      toolCall?: ToolCall;
      options: readonly ApprovalOption[];
      /** For the policy; without it a person is asked. */
      wants?: Wanted;
      parentCall?: string;
    }
  | { type: 'question'; item: string; request: Json; message: string; schema?: Json }
  /** The agent no longer wants an answer to that request. */
  | { type: 'request_withdrawn'; item: string; request: Json; reason: string }
  | { type: 'usage'; item: string; report: UsageReport }
  /** The agent reports settings: model in force, mode, title, context window. */
  | { type: 'settings'; item: string; changes: SettingsChange }
  /** The agent says that its turn is over. `run` where it answers a prompt whose id names the run. */
  | {
      type: 'turn_ended';
      item: string;
      run?: string;
      outcome: 'completed' | 'cancelled' | 'failed';
      stopReason?: string;
      error?: RunFailure;
      /** The agent's own name of the place where it ended: there a copy of its session can be cut off. */
      mark?: string;
    }
  /** A line of its own memory, as the agent wrote it. */
  | { type: 'native'; item: string; line: NativeLine }
  | { type: 'notice'; item: string; code: string; text: string }
  | { type: 'unrecognized'; item: string; reason: string; raw: string; from: number; to: number }
  /** A line that the protocol itself asks for (a handshake step, an error answer). */
  | { type: 'send'; line: string };

/** What we tell an agent; the driver encodes it without changing the decoder's state. */
export type AgentCommand =
  | {
      type: 'prompt';
      run: string;
      prompt: string;
      content: readonly ContentBlock[];
      /** Into the running turn. */
      steer?: true;
      /** The first block tells what the agent does not remember. */
      primed?: true;
    }
  /** Settings that it takes while it is open. */
  | { type: 'set'; changes: Pick<SettingsChange, AgentSetting> }
  | { type: 'cancel'; run: string }
  /** `input` only where it `editsInput`, `message` only where it `hearsDenials`. */
  | {
      type: 'answer_approval';
      request: Json;
      option: string | null;
      input?: Json;
      message?: string;
    }
  | {
      type: 'answer_question';
      request: Json;
      outcome: 'answered' | 'declined' | 'withdrawn';
      content?: Json;
    };
