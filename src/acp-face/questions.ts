import { methods } from '@agentclientprotocol/sdk/unstable';
import type * as acp from '@agentclientprotocol/sdk/unstable';
import type { Client } from '../client/client.ts';
import type { Entry, EntryOf } from '../domain/entry.ts';
import { isObject, type Json } from '../domain/json.ts';
import { RefusalError } from '../domain/refusal.ts';
import type { InputOf } from '../protocol/operations.ts';
import type { Patiently } from './patience.ts';

type Choice = Pick<InputOf<'approvals.decide'>, 'option' | 'verdict' | 'answer'>;

export interface QuestionPorts {
  client: Client;
  session: string;
  patiently: Patiently;
  editor: acp.AgentContext;
  elicitation: acp.ElicitationCapabilities;
  /** What the tool call of an approval is to the editor. */
  toolCall(entry: EntryOf<'approval'>): Promise<acp.ToolCallUpdate>;
  /** A decision that did not hold, for the person who made it. Never fails. */
  refused(message: string): Promise<void>;
}

/**
 * The open approvals and questions of a session, asked of one editor. Others may be faster: then its request
 * is taken back. Nobody's silence decides anything.
 */
export class Questions {
  readonly #ports: QuestionPorts;
  /** Those that the editor is asked, with what takes them back. */
  readonly #asked = new Map<string, AbortController>();
  /** Those that came while older entries were still to come: asked when it is known that they are open. */
  readonly #waiting = new Map<string, Entry>();
  #live = false;
  #over = false;

  constructor(ports: QuestionPorts) {
    this.#ports = ports;
  }

  /** While the feed catches up, a question that comes may have been decided long ago. */
  live(live: boolean): void {
    this.#live = live;
    if (!live) return;
    for (const entry of this.#waiting.values()) this.#begin(entry);
    this.#waiting.clear();
  }

  see(entry: Entry): void {
    if (entry.kind === 'approval' || entry.kind === 'question') {
      if (this.#live) this.#begin(entry);
      else this.#waiting.set(entry.id, entry);
    } else if (entry.kind === 'decision' || entry.kind === 'answer') {
      this.#settle(entry.about ?? '');
    }
  }

  stop(): void {
    this.#over = true;
    for (const asked of this.#asked.values()) asked.abort();
    this.#asked.clear();
    this.#waiting.clear();
  }

  #settle(id: string): void {
    this.#waiting.delete(id);
    this.#asked.get(id)?.abort();
    this.#asked.delete(id);
  }

  #begin(entry: Entry): void {
    if (this.#over || this.#asked.has(entry.id)) return;
    const taken = new AbortController();
    this.#asked.set(entry.id, taken);
    void this.#run(entry, taken.signal);
  }

  async #run(entry: Entry, signal: AbortSignal): Promise<void> {
    try {
      const choice = await this.#ask(entry, signal);
      if (choice !== null && !signal.aborted) await this.#decide(entry.id, choice, signal);
    } catch (error) {
      if (signal.aborted) return;
      // The editor knows no such request, or failed at it: somebody else decides.
      if (error instanceof RefusalError) await this.#ports.refused(error.message);
    }
  }

  async #ask(entry: Entry, signal: AbortSignal): Promise<Choice | null> {
    if (entry.kind === 'approval') return this.#permission(entry, signal);
    return entry.kind === 'question' ? this.#elicitation(entry, signal) : null;
  }

  async #permission(entry: EntryOf<'approval'>, signal: AbortSignal): Promise<Choice | null> {
    const { session, editor } = this.#ports;
    const offered = entry.data.options;
    // Where no choice is offered there is still yes and no.
    const plain = offered.length === 0;
    const options: acp.PermissionOption[] = plain
      ? yesAndNo.map((option) => ({ ...option }))
      : offered.map(({ id, name, kind }) => ({ optionId: id, name, kind }));
    const toolCall = await this.#ports.toolCall(entry);
    const { outcome } = await editor.request(
      methods.client.session.requestPermission,
      { sessionId: session, toolCall, options },
      { cancellationSignal: signal, stopWaitingOnCancel: true },
    );
    if (outcome.outcome !== 'selected') return null;
    if (!plain) return { option: outcome.optionId };
    return { verdict: outcome.optionId === 'allow' ? 'allow' : 'deny' };
  }

  async #elicitation(entry: EntryOf<'question'>, signal: AbortSignal): Promise<Choice | null> {
    const request = this.#elicitationOf(entry);
    if (request === null) return null;
    const { editor } = this.#ports;
    const response = await editor.request(methods.client.elicitation.create, request, {
      cancellationSignal: signal,
      stopWaitingOnCancel: true,
    });
    if (response.action === 'decline') return { verdict: 'deny' };
    if (response.action !== 'accept') return null;
    const { content } = response as acp.ElicitationAcceptAction;
    return { answer: content ?? {} };
  }

  /** Null where the editor has no way to show it. */
  #elicitationOf(entry: EntryOf<'question'>): acp.CreateElicitationRequest | null {
    const { session, elicitation } = this.#ports;
    const { message } = entry.data;
    const schema: Json = entry.data.schema ?? anyText;
    if (!isObject(schema)) return null;
    const url = schema['url'];
    if (typeof url === 'string') {
      if ((elicitation.url ?? null) === null) return null;
      return { mode: 'url', sessionId: session, message, url, elicitationId: entry.id };
    }
    const properties = schema['properties'];
    if ((elicitation.form ?? null) === null || !isObject(properties ?? null)) return null;
    const requestedSchema = formOf(schema) as unknown as acp.ElicitationSchema;
    return { mode: 'form', sessionId: session, message, requestedSchema };
  }

  async #decide(approval: string, choice: Choice, signal: AbortSignal): Promise<void> {
    const { client, session, patiently } = this.#ports;
    try {
      await patiently(() => client.approvals.decide({ session, approval, ...choice }), signal);
    } catch (error) {
      // Somebody was faster, or it was our own answer that got lost.
      if (error instanceof RefusalError && error.refusal.code === 'already_decided') return;
      throw error;
    }
  }
}

const yesAndNo = [
  { optionId: 'allow', name: 'Allow', kind: 'allow_once' },
  { optionId: 'deny', name: 'Deny', kind: 'reject_once' },
] as const;

const anyText: Json = {
  type: 'object',
  properties: { answer: { type: 'string' } },
  required: ['answer'],
};

/** The form in the words of the protocol: what its fields have beside them is ours or the agent's. */
function formOf(schema: { readonly [name: string]: Json }): Json {
  const properties = Object.entries(schema['properties'] as { readonly [name: string]: Json });
  const fields = properties.map(([name, field]) => {
    if (!isObject(field)) return [name, { type: 'string' }];
    const { enum: values, ...rest } = field;
    // Titles stand in `oneOf`, and only one of both may be given.
    return [name, rest['oneOf'] === undefined && values !== undefined ? field : rest];
  });
  return { ...schema, type: 'object', properties: Object.fromEntries(fields) as Json };
}
