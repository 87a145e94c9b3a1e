import { canonicalJson } from '../domain/json.ts';
import { canonicalKey } from '../domain/key.ts';
import { refuse } from '../domain/refusal.ts';
import type { AgentSettings, ToolRules } from '../domain/settings.ts';
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
  effort: 'maker',
  instructions: 'maker',
  tools: 'parent',
  maxTurns: 'maker',
  mcpServers: 'parent',
  env: 'parent',
  additionalDirs: 'parent',
  makeCwd: 'maker',
  draft: 'maker',
  onLost: 'maker',
  budget: 'parent',
  policy: 'parent',
  prompt: 'maker',
  promptId: 'maker',
};

/**
 * What a session made from inside another one is: a child of it, or of one that descends from it, with the
 * agent of its parent where none is named, and guarded as its parent is. A child that may do unasked what
 * its parent is asked about would be a way around the questions.
 */
export async function childOf(input: Input, context: Context): Promise<Input> {
  const parent = await context.session(parentOf(input, context));
  const { row, settings } = await context.engine.get(parent);
  const keyed = input.key === undefined ? undefined : canonicalKey(input.key).agent;
  const agent = input.agent ?? keyed ?? row.agent;
  const guards: Partial<Input> = guardsOf(agent, row.agent, settings);
  for (const field of Object.keys(chosenBy) as (keyof Input)[]) {
    if (chosenBy[field] === 'maker' || input[field] === undefined) continue;
    if (canonicalJson(input[field]) === canonicalJson(guards[field])) continue;
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

/** Modes and tools mean something to one agent only, so another agent cannot be held to the parent's. */
function guardsOf(
  agent: string,
  own: string,
  { mode, tools }: AgentSettings,
): Pick<Input, 'mode' | 'tools'> {
  if (mode === null && tools === null) return {};
  if (agent === own) {
    return {
      ...(mode === null ? {} : { mode }),
      ...(tools === null ? {} : { tools: given(tools) }),
    };
  }
  const message =
    'The mode or the tools of the parent are set, to which no other agent can be held.';
  throw refuse('forbidden', message, { field: 'agent' });
}

function given({ allow, deny }: ToolRules): NonNullable<Input['tools']> {
  return {
    ...(allow === undefined ? {} : { allow: [...allow] }),
    ...(deny === undefined ? {} : { deny: [...deny] }),
  };
}
