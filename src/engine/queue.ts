import type { Command } from '../domain/command.ts';
import type { ContentBlock } from '../domain/content.ts';
import type { By } from '../domain/entry.ts';
import { refuse } from '../domain/refusal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Outcome } from './mailbox.ts';
import type { Registry } from './registry.ts';
import type { QueueItem, QueueOps } from './session-ops.ts';
import { storedContent } from './stored-content.ts';

/** The prompts of a session that wait. */
export class Queue implements QueueOps {
  readonly #context: { registry: Registry; clock: Clock; store: Store };

  constructor(context: { registry: Registry; clock: Clock; store: Store }) {
    this.#context = context;
  }

  async list(session: string): Promise<{ held: boolean; items: readonly QueueItem[] }> {
    const actor = await this.#context.registry.get(session);
    const { held, queue } = actor.state;
    return { held, items: queue.map((_, position) => itemAt(actor, position)) };
  }

  async edit(
    session: string,
    prompt: string,
    content: readonly ContentBlock[],
    by: By,
  ): Promise<QueueItem> {
    const stored = await storedContent(content, this.#context);
    const actor = await this.#context.registry.get(session);
    const command = { type: 'queue_edit', prompt, content: stored } as const;
    await post(actor, command, by, content);
    return this.#item(actor, prompt);
  }

  async move(session: string, prompt: string, to: number, by: By): Promise<QueueItem> {
    const actor = await this.#context.registry.get(session);
    await post(actor, { type: 'queue_move', prompt, to }, by);
    return this.#item(actor, prompt);
  }

  async withdraw(session: string, prompt: string, by: By): Promise<void> {
    const actor = await this.#context.registry.get(session);
    await post(actor, { type: 'queue_withdraw', prompt }, by);
  }

  async release(session: string, by: By): Promise<{ run: string | null; queued: number }> {
    const actor = await this.#context.registry.get(session);
    const { state } = await post(actor, { type: 'release' }, by);
    return { run: state.run?.id ?? null, queued: state.queue.length };
  }

  #item(actor: SessionActor, prompt: string): QueueItem {
    const position = actor.state.queue.findIndex((item) => item.id === prompt);
    if (position !== -1) return itemAt(actor, position);
    throw refuse('conflict', 'It was changed, and is with the agent by now.', { field: 'prompt' });
  }
}

function post(
  actor: SessionActor,
  command: Command,
  by: By,
  whole?: readonly ContentBlock[],
): Promise<Outcome> {
  return actor.post({ command, by, ownId: false, ...(whole === undefined ? {} : { whole }) });
}

function itemAt(actor: SessionActor, position: number): QueueItem {
  const { id, timeoutMs, edited } = actor.state.queue[position]!;
  return {
    prompt: id,
    position,
    content: actor.contents.of(id)?.stored ?? null,
    edited: edited !== undefined,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}
