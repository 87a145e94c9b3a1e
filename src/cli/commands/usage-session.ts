import type { Client } from '../../client/client.ts';
import { refuse } from '../../domain/refusal.ts';
import type { SessionRow } from '../../domain/row.ts';
import type { OutputOf } from '../../protocol/operations.ts';
import { cleanAll, jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import { renderBudget } from '../render/budget.ts';
import type { Look } from '../render/look.ts';
import { renderMoney, renderTokens, shortCount } from '../render/measure.ts';
import { renderRuns } from './runs.ts';

interface SessionUsageOptions extends Common {
  json?: boolean;
  session?: string;
  children?: boolean;
  agent?: string;
  since?: string;
  until?: string;
}

type Sum = OutputOf<'usage.summary'>['total'];
interface Used {
  session: string;
  own: Sum;
  withChildren: Sum;
  context: SessionRow['context'];
  budget: OutputOf<'budgets.get'>;
  runs: OutputOf<'runs.list'>['runs'];
}

const shownRuns = 20;

/** What one session has used, with all that descend from it and in its last runs. */
export function usageOfSession(
  io: Io,
  options: SessionUsageOptions,
  name: string,
): Promise<number> {
  const { session, children, agent, since, until } = options;
  if ([session, children, agent, since, until].some((option) => option !== undefined)) {
    const message =
      'What a session has used is told of all its time: use --session for parts of it.';
    throw refuse('invalid', message);
  }
  return withClient(io, options, async (client) => {
    const row = await findSession(client, name);
    const used = await readUsed(client, row);
    if (options.json === true) io.out(`${jsonLine(used)}\n`);
    else {
      const view = { now: io.now(), look: lookOf(io, options) };
      io.out(`${render(cleanAll(used), oneLine(row.title ?? row.id), view).join('\n')}\n`);
    }
    return 0;
  });
}

async function readUsed(client: Client, { id, context }: SessionRow): Promise<Used> {
  const [own, family, budget, { runs }] = await Promise.all([
    client.usage.summary({ session: id, by: ['session'] }),
    client.usage.summary({ session: id, by: ['day'], withChildren: true, limit: 1 }),
    client.budgets.get({ session: id }),
    client.runs.list({ session: id, limit: shownRuns }),
  ]);
  return { session: id, own: own.total, withChildren: family.total, context, budget, runs };
}

function render(used: Used, title: string, view: { now: number; look: Look }): string[] {
  const { own, withChildren, context, budget, runs } = used;
  const told = renderBudget(budget);
  return [
    view.look.style.bold(title),
    `own:            ${sumText(own)}`,
    `with children:  ${sumText(withChildren)}`,
    `context:        ${contextText(context)}`,
    ...(told === null ? [] : [`budget:         ${told}`]),
    ...(runs.length === 0 ? [] : ['', ...renderRuns(runs, { ...view, one: true })]),
  ];
}

function sumText({ tokens, cost, runs }: Sum): string {
  const money = cost.map(renderMoney).join(' + ');
  const ran = `${runs} run${runs === 1 ? '' : 's'}`;
  return [renderTokens(tokens), ...(money === '' ? [] : [money]), ran].join(', ');
}

function contextText({ used, size, known }: SessionRow['context']): string {
  if (!known) return 'not known';
  if (size === 0) return `${shortCount(used)} tokens`;
  const share = Math.round((used / size) * 100);
  return `${shortCount(used)} of ${shortCount(size)} tokens (${share} %)`;
}
