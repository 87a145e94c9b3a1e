import type { Json, JsonObject } from './json.ts';

/**
 * Content blocks in the shapes of the Agent Client Protocol v1, so that a message looks the same from
 * every agent. A text over the inline limit lies in a blob: `text` is then its preview.
 */
export type ContentBlock =
  | { type: 'text'; text: string; blob?: BlobRef }
  | { type: 'image'; mimeType: string; data?: string; uri?: string; blob?: BlobRef }
  | { type: 'audio'; mimeType: string; data?: string; blob?: BlobRef }
  | {
      type: 'resource_link';
      uri: string;
      name: string;
      mimeType?: string;
      title?: string;
      size?: number;
    }
  | { type: 'resource'; resource: JsonObject };

/** Content-addressed bytes: `digest` is the lower-case hex SHA-256 of the content, `size` in bytes. */
export interface BlobRef {
  digest: string;
  size: number;
}

/** What a tool produced or would do. */
export type ToolContent =
  | { type: 'content'; content: ContentBlock }
  | {
      type: 'diff';
      path: string;
      oldText: string | null;
      newText: string;
      /** Where a text lies whole when it is over the inline limit; the field is then its preview. */
      oldBlob?: BlobRef;
      newBlob?: BlobRef;
      /** Both texts are all of the file, as the agent says. */
      whole?: true;
      /** All of the file before, where the agent tells it beside a part; with its blob as above. */
      original?: string;
      originalBlob?: BlobRef;
      /** The old text was replaced wherever it stands. */
      everywhere?: true;
    }
  | { type: 'terminal'; terminalId: string };

export type ToolKind =
  | 'read'
  | 'edit'
  | 'delete'
  | 'move'
  | 'search'
  | 'execute'
  | 'think'
  | 'fetch'
  | 'switch_mode'
  | 'other';
/** `cancelled` is ours: the run ended before the agent told how the call ended. */
export type ToolStatus = 'pending' | 'in_progress' | 'completed' | 'failed' | 'cancelled';

/** One state of a tool call. `call` is the agent's own id of it. */
export interface ToolCall {
  call: string;
  title: string;
  /** The tool's own name where the agent gives one. */
  name?: string;
  kind: ToolKind;
  status: ToolStatus;
  input?: Json;
  output?: Json;
  content?: readonly ToolContent[];
  locations?: readonly { path: string; line?: number }[];
}

export interface PlanItem {
  content: string;
  priority: 'high' | 'medium' | 'low';
  status: 'pending' | 'in_progress' | 'completed';
}

/** A choice that an agent offers with an approval, as it names it. */
export interface ApprovalOption {
  id: string;
  name: string;
  kind: 'allow_once' | 'allow_always' | 'reject_once' | 'reject_always';
}

/** The text of all text blocks, for previews and titles. */
export function textOf(content: readonly ContentBlock[]): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}
