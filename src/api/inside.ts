import { canonicalKey } from '../domain/key.ts';
import { refuse } from '../domain/refusal.ts';
import type { SessionRow } from '../domain/row.ts';
import type { ParsedInputOf } from '../protocol/operations.ts';
import type { Context } from './handler.ts';

type Input = ParsedInputOf<'sessions.create'>;

/**
 * What those who make a session from inside another one may choose. The rest guards it, and is as its parent
 * has it. Without a word here a new field does not compile.
 */
const chosenBy: { readonly [Field in keyof Required<Input>]: 'maker' | 'parent' } = {
  id: 'maker',
  key: 'maker',
  agent: 'maker',
  cwd: 'maker',
  parent: 'maker',
  title: 'maker',
  label: 'maker',
  meta: 'maker',
  model: 'maker',
  mode: 'parent',
  onLost: 'maker',
  prompt: 'maker',
  promptId: 'maker',
};

/**
 * What a session made from inside another one is: a child of it, or of one that descends from it, with the
 * agent of its parent where none is named, and guarded as its parent is. A child that may do unasked what
 * its parent is asked about would be a way around the questions.
 */
export async function childOf(input: Input, context: Context): Promise<Input> {
  const { row } = await context.engine.get(await context.session(parentOf(input, context)));
  const keyed = input.key === undefined ? undefined : canonicalKey(input.key).agent;
  const agent = input.agent ?? keyed ?? row.agent;
  const guards: Partial<Input> = guardsOf(agent, row);
  for (const field of Object.keys(chosenBy) as (keyof Input)[]) {
    if (chosenBy[field] === 'maker' || input[field] === undefined) continue;
    if (input[field] === guards[field]) continue;
    const message = `A session made from inside another one has the ${field} of its parent.`;
    throw refuse('forbidden', message, { field });
  }
  return { ...input, ...guards, parent: row.id, agent };
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
function guardsOf(agent: string, { agent: own, mode }: SessionRow): Pick<Input, 'mode'> {
  if (mode === null) return {};
  if (agent === own) return { mode };
  const message = `The parent is in the mode ${mode}, in which another agent cannot be kept.`;
  throw refuse('forbidden', message, { field: 'agent' });
}
