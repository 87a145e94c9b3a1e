import { canonicalKey } from '../domain/key.ts';
import { refuse } from '../domain/refusal.ts';
import type { SessionRow } from '../domain/row.ts';
import type { ParsedInputOf } from '../protocol/operations.ts';
import type { Context } from './handler.ts';

type Input = ParsedInputOf<'sessions.create'>;

/**
 * What a session made from inside another one is: a child of it, or of one that descends from it, with the
 * agent of its parent where none is named, and guarded as its parent is. A child that may do unasked what
 * its parent is asked about would be a way around the questions.
 */
export async function childOf(input: Input, context: Context): Promise<Input> {
  const { row } = await context.engine.get(await context.session(parentOf(input, context)));
  const keyed = input.key === undefined ? undefined : canonicalKey(input.key).agent;
  const agent = input.agent ?? keyed ?? row.agent;
  return { ...input, parent: row.id, agent, mode: modeOf({ agent, mode: input.mode }, row) };
}

function parentOf({ parent }: Input, { caller }: Context): string {
  const [own, ...others] = caller.sessions ?? [];
  if (parent !== undefined) return parent;
  if (own !== undefined && others.length === 0) return own;
  throw refuse('invalid', 'This token is not bound to one session: name the parent.', {
    field: 'parent',
  });
}

/** Modes mean something to one agent only, so another agent cannot be held to the parent's. */
function modeOf(asked: { agent: string; mode: string | undefined }, parent: SessionRow) {
  const same = asked.agent === parent.agent;
  if (!same && parent.mode !== null) {
    const message = `The parent is in the mode ${parent.mode}, in which another agent cannot be kept.`;
    throw refuse('forbidden', message, { field: 'agent' });
  }
  const mode = parent.mode ?? undefined;
  if (asked.mode !== undefined && asked.mode !== mode) {
    const message = 'A session made from inside another one is in the mode of its parent.';
    throw refuse('forbidden', message, { field: 'mode' });
  }
  return mode;
}
