import type { Decide } from '../../src/domain/command.ts';
import type { EntryOf } from '../../src/domain/entry.ts';
import type { Rule, SessionPolicy, Wanted } from '../../src/domain/policy.ts';
import type { SessionEngine } from '../../src/engine/create-engine.ts';
import type { Turn } from '../../src/testing/index.ts';
import { given } from './death.ts';
import { by, type Workbench } from './workbench.ts';

/** A command that an agent or something inside its session wants to run. */
export function wanting(command: string): Wanted {
  return { tool: 'Bash', kind: 'execute', command, locations: [], cwd: '/work' };
}

export const allowing = (command: string): Rule => ({ effect: 'allow', command });
export const denying = (command: string): Rule => ({ effect: 'deny', command });

/** Asks for each line of its prompt as a command, all at once, and says each answer. */
export async function askEach(turn: Turn): Promise<void> {
  const lines = turn.text.split('\n');
  await Promise.all(
    lines.map(async (line) => {
      const option = await turn.ask(line, wanting(line));
      turn.say(`${line}: ${option};`);
    }),
  );
}

export function setPolicy(
  { engine }: { engine: SessionEngine },
  session: string,
  policy: Partial<SessionPolicy>,
): ReturnType<SessionEngine['patch']> {
  return engine.patch(session, { changes: {}, policy }, by);
}

/** Nothing is asked for so long from now. */
export function bypassed(bench: Workbench, ms: number): Partial<SessionPolicy> {
  return { bypassUntil: new Date(bench.clock.now() + ms).toISOString() };
}

/** Requests that hosts were told an answer to, in order. */
export function answered(bench: Workbench): string[] {
  return given(bench).flatMap((command) =>
    command.type === 'answer_approval' || command.type === 'answer_question'
      ? [String(command.request)]
      : [],
  );
}

/** The decision about a question by its title. */
export async function decisionOn(
  bench: Workbench,
  session: string,
  title: string,
): Promise<EntryOf<'decision'>['data'] | undefined> {
  const asked = (await bench.of(session, 'approval')).filter(({ data }) => data.title === title);
  const about = asked.at(-1)?.id;
  return (await bench.of(session, 'decision')).find((entry) => entry.about === about)?.data;
}

export const asking = (id: string, command: string | null = null, waitMs = 0) => ({
  id,
  waitMs,
  ask: {
    kind: 'approval' as const,
    title: command ?? 'may it',
    options: [
      { id: 'allow', name: 'Allow', kind: 'allow_once' as const },
      { id: 'deny', name: 'Deny', kind: 'reject_once' as const },
    ],
    ...(command === null ? {} : { wants: wanting(command) }),
  },
});

export const allowed: Decide['choice'] = { verdict: 'allow' };
export const denied: Decide['choice'] = { verdict: 'deny' };
