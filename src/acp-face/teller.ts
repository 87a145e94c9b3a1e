import type * as acp from '@agentclientprotocol/sdk/unstable';
import type { FeedEvent, PartialEvent } from '../client/feed-event.ts';
import type { ContentBlock } from '../domain/content.ts';
import type { Entry, EntryOf } from '../domain/entry.ts';
import { type Blobs, editorBlock, wholeText } from './content.ts';
import { fenced, textContent, toolCallFields } from './tool-call.ts';

/** A text as far as the editor has it, and under which name. */
interface ShownText {
  messageId: string;
  text: string;
  /** How often what was shown turned out to be void. */
  restarts: number;
}

type Said = EntryOf<'message'> | EntryOf<'thought'>;
type Chunk = 'user_message_chunk' | 'agent_message_chunk' | 'agent_thought_chunk';

/** What an editor takes of the updates that not every one knows. */
export interface Taste {
  notices: boolean;
  compactions: boolean;
}

/**
 * The conversation of one session as updates of the protocol: entries as they come, and texts in progress
 * piece by piece. A text is told once: what was streamed is not told again by its entry. Updates cannot be
 * taken back, so a text that turns out to be another one begins again under another message id, with
 * `_meta.turnkeep.replaces`.
 */
export class Teller {
  readonly #taste: Taste;
  /** Prompts that the editor has sent itself, and shows by itself. */
  readonly #isOwn: (prompt: string) => boolean;
  readonly #texts = new Map<string, ShownText>();
  /** By the agent's id of a call: the last one of that name. */
  readonly #calls = new Map<string, string>();
  /** Calls that the editor knew before their first entry, from an approval. */
  readonly #early = new Map<string, string>();

  constructor(taste: Taste, isOwn: (prompt: string) => boolean) {
    this.#taste = taste;
    this.#isOwn = isOwn;
  }

  /** Updates for an entry. `replay`: the editor knows nothing yet, not even its own prompts. */
  async entry(entry: Entry, blobs: Blobs, replay: boolean): Promise<acp.SessionUpdate[]> {
    switch (entry.kind) {
      case 'delivery': {
        if (!replay && this.#isOwn(entry.about ?? '')) return [];
        const { content, primed } = entry.data;
        const said = primed === true ? content.slice(1) : content;
        return this.#blocks('user_message_chunk', entry.about ?? entry.id, {
          content: said,
          blobs,
        });
      }
      case 'message':
      case 'thought':
        return this.#said(entry, blobs);
      case 'tool_call':
        return [await this.#toolCall(entry, blobs)];
      case 'plan':
        return [{ sessionUpdate: 'plan', entries: entry.data.items.map((item) => ({ ...item })) }];
      case 'approval':
        this.callOf(entry);
        return [];
      case 'notice':
        return this.#notice('warning', entry.data.text);
      case 'stall':
        return entry.data.state === 'silent' ? this.#notice('warning', 'The agent is silent.') : [];
      case 'compaction':
        return this.#taste.compactions
          ? [{ sessionUpdate: 'compaction_update', compactionId: entry.id, status: 'completed' }]
          : [];
      default:
        return [];
    }
  }

  /** A piece of a message or thought that is being said. */
  partial(event: PartialEvent): acp.SessionUpdate[] {
    const kind = event.part === 'thought' ? 'agent_thought_chunk' : 'agent_message_chunk';
    const known = this.#texts.get(event.entryId);
    if (known !== undefined && !event.replaced && event.offset === known.text.length) {
      known.text = event.whole;
      return textChunk(kind, event.text, known, event.parentCall);
    }
    return this.#continued(kind, event.entryId, { text: event.whole, in: event.parentCall });
  }

  /** The last part of what a running tool prints. */
  output({ call, whole }: PartialEvent): acp.SessionUpdate | null {
    const toolCallId = this.#calls.get(call ?? '');
    if (toolCallId === undefined) return null;
    const content = [textContent(fenced(whole))];
    return { sessionUpdate: 'tool_call_update', toolCallId, status: 'in_progress', content };
  }

  abandoned({ entryId }: Extract<FeedEvent, { type: 'abandoned' }>): void {
    this.#texts.delete(entryId);
  }

  /** Learns from what the editor knows already. */
  remember(entry: Entry): void {
    if (entry.kind === 'approval') this.callOf(entry);
    else if (entry.kind === 'tool_call') this.#idOf(entry);
  }

  /** Under which id the editor knows the tool call that an approval is about. */
  callOf(entry: EntryOf<'approval'>): string {
    const call = entry.data.toolCall?.call;
    if (call === undefined) return entry.id;
    const known = this.#calls.get(call) ?? this.#early.get(call);
    if (known !== undefined) return known;
    this.#early.set(call, entry.id);
    return entry.id;
  }

  /** A run is over: agents may use the names of its calls again. */
  runEnded(): void {
    this.#calls.clear();
    this.#early.clear();
  }

  #idOf(entry: EntryOf<'tool_call'>): string {
    const { call } = entry.data;
    const first = entry.about ?? entry.id;
    const id = this.#calls.get(call) ?? this.#early.get(call) ?? first;
    if (entry.about === undefined) {
      const early = this.#early.get(call);
      this.#early.delete(call);
      this.#calls.set(call, early ?? first);
      return early ?? first;
    }
    return id;
  }

  async #toolCall(entry: EntryOf<'tool_call'>, blobs: Blobs): Promise<acp.SessionUpdate> {
    const toolCallId = this.#idOf(entry);
    const fields = await toolCallFields(entry.data, blobs);
    const common = { toolCallId, ...fields, ...metaOf(entry.parentCall) };
    return entry.about === undefined
      ? ({ sessionUpdate: 'tool_call', ...common } as acp.SessionUpdate)
      : { sessionUpdate: 'tool_call_update', ...common };
  }

  async #said(entry: Said, blobs: Blobs): Promise<acp.SessionUpdate[]> {
    const kind = entry.kind === 'thought' ? 'agent_thought_chunk' : 'agent_message_chunk';
    const [first, ...others] = entry.data.content;
    const known = this.#texts.get(entry.id);
    if (known === undefined || first?.type !== 'text') {
      return this.#blocks(kind, entry.id, {
        content: entry.data.content,
        blobs,
        in: entry.parentCall,
      });
    }
    const text = await wholeText(first, blobs);
    const rest = this.#continued(kind, entry.id, { text, in: entry.parentCall });
    this.#texts.delete(entry.id);
    if (others.length === 0) return rest;
    const more = { content: others, blobs, in: entry.parentCall };
    return [...rest, ...(await this.#blocks(kind, known.messageId, more))];
  }

  /** What of a text the editor has not got yet; all of it where it has got another one. */
  #continued(
    kind: Chunk,
    entryId: string,
    { text, in: parentCall }: { text: string; in: string | undefined },
  ): acp.SessionUpdate[] {
    const known = this.#texts.get(entryId);
    if (known === undefined || !text.startsWith(known.text)) {
      const restarts = known === undefined ? 0 : known.restarts + 1;
      const messageId = restarts === 0 ? entryId : `${entryId}.${restarts}`;
      const fresh = { messageId, text, restarts };
      this.#texts.set(entryId, fresh);
      return textChunk(kind, text, fresh, parentCall);
    }
    const rest = text.slice(known.text.length);
    known.text = text;
    return textChunk(kind, rest, known, parentCall);
  }

  async #blocks(
    kind: Chunk,
    messageId: string,
    said: { content: readonly ContentBlock[]; blobs: Blobs; in?: string | undefined },
  ): Promise<acp.SessionUpdate[]> {
    const updates: acp.SessionUpdate[] = [];
    for (const block of said.content) {
      const content = await editorBlock(block, said.blobs);
      if (content !== null) {
        updates.push({ sessionUpdate: kind, content, messageId, ...metaOf(said.in) });
      }
    }
    return updates;
  }

  #notice(severity: string, title: string): acp.SessionUpdate[] {
    return this.#taste.notices ? [{ sessionUpdate: 'notice', severity, title }] : [];
  }
}

function textChunk(
  kind: Chunk,
  text: string,
  { messageId, restarts }: ShownText,
  parentCall: string | undefined,
): acp.SessionUpdate[] {
  if (text === '') return [];
  const replaced =
    restarts === 0 ? {} : { replaces: messageId.slice(0, messageId.lastIndexOf('.')) };
  const meta = metaOf(parentCall, replaced);
  return [{ sessionUpdate: kind, content: { type: 'text', text }, messageId, ...meta }];
}

/** What the protocol has no field for. */
function metaOf(
  parentCall: string | undefined,
  more: { replaces?: string } = {},
): { _meta?: { turnkeep: object } } {
  if (parentCall === undefined && more.replaces === undefined) return {};
  const within = parentCall === undefined ? {} : { parentCall };
  return { _meta: { turnkeep: { ...within, ...more } } };
}
