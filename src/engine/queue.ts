import type { Answer, Command, Placed } from '../domain/command.ts';
import type { ContentBlock } from '../domain/content.ts';
import type { By } from '../domain/entry.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Letter, Outcome } from './mailbox.ts';
import type { Registry } from './registry.ts';
import type { QueueItem, QueueOps } from './session-ops.ts';
import { promptContent } from './stored-content.ts';

/** The prompts of a session that wait. */
export class Queue implements QueueOps {
  readonly #context: { registry: Registry; clock: Clock; store: Store };

  constructor(context: { registry: Registry; clock: Clock; store: Store }) {
    this.#context = context;
  }

  async list(session: string): Promise<{ held: boolean; items: readonly QueueItem[] }> {
    const actor = await this.#context.registry.get(session);
    const { held, queue } = actor.state;
    return { held, items: queue.map((_, at) => itemAt(actor, at)) };
  }

  async edit(
    session: string,
    prompt: string,
    content: readonly ContentBlock[],
    by: By,
  ): Promise<QueueItem> {
    const { stored, whole, blobs } = await promptContent(content, this.#context);
    const actor = await this.#context.registry.get(session);
    const command = { type: 'queue_edit', prompt, content: stored } as const;
    const { answer } = await post(actor, command, by, { whole, blobs });
    return itemOf(prompt, actor.contents.of(prompt)?.stored ?? stored, answer);
  }

  async move(session: string, prompt: string, to: number, by: By): Promise<QueueItem> {
    const actor = await this.#context.registry.get(session);
    // Once it has left the queue its content is not at hand any more.
    const before = actor.contents.of(prompt)?.stored ?? null;
    const { answer } = await post(actor, { type: 'queue_move', prompt, to }, by);
    return itemOf(prompt, actor.contents.of(prompt)?.stored ?? before, answer);
  }

  async withdraw(session: string, prompt: string, by: By): Promise<void> {
    const actor = await this.#context.registry.get(session);
    await post(actor, { type: 'queue_withdraw', prompt }, by);
  }

  async release(
    session: string,
    by: By,
    { beyondBudget }: { beyondBudget: boolean } = { beyondBudget: false },
  ): Promise<{ run: string | null; queued: number }> {
    const actor = await this.#context.registry.get(session);
    const beyond = beyondBudget ? { beyondBudget } : {};
    const { state } = await post(actor, { type: 'release', ...beyond }, by);
    return { run: state.run?.id ?? null, queued: state.queue.length };
  }
}

function post(
  actor: SessionActor,
  command: Command,
  by: By,
  more: Pick<Letter, 'whole' | 'blobs'> = {},
): Promise<Outcome> {
  return actor.post({ command, by, ownId: false, ...more });
}

function itemAt(actor: SessionActor, at: number): QueueItem {
  const { id, timeoutMs, edited } = actor.state.queue[at]!;
  return {
    prompt: id,
    position: at + 1,
    content: actor.contents.of(id)?.stored ?? null,
    edited: edited !== undefined,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** As the change left it: by the time of the answer it may be with the agent. */
function itemOf(
  prompt: string,
  content: QueueItem['content'],
  answer: Answer | { type: 'duplicate' },
): QueueItem {
  const { type: _, ...place } = answer as Placed;
  return { prompt, content, ...place };
}
