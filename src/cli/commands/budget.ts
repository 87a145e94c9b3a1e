import { type Command, Option } from 'commander';
import type { Client } from '../../client/client.ts';
import { type Budget, budgetActions } from '../../domain/budget.ts';
import { refuse } from '../../domain/refusal.ts';
import type { OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { cleanAll, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { duration } from '../duration.ts';
import type { Io } from '../io.ts';
import { given } from '../pairs.ts';
import { renderBudget } from '../render/budget.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';

interface BudgetOptions extends Common {
  cost?: string;
  tokens?: string;
  runs?: string;
  time?: string;
  action?: Budget['action'];
  perDay?: boolean;
  none?: boolean;
  json?: boolean;
}

export function addBudget(program: Command, act: Act): void {
  program
    .command('budget')
    .description('What a session, or all of them, may use: shows it, or sets it.')
    .argument('[session]', `of this session and all that descend from it: ${sessionText}`)
    .option('--cost <amount>', 'money: 5 (in USD) or 5EUR')
    .option('--tokens <count>', 'tokens of every kind')
    .option('--runs <count>', 'runs')
    .option('--time <time>', 'how long runs last in all: 90s, 15m, 2h, 1d')
    .addOption(new Option('--action <action>', 'what happens then').choices(budgetActions))
    .option('--per-day', 'of all sessions: each day (UTC)')
    .option('--none', 'take the budget away')
    .option('--json', 'print JSON')
    .action(act(budget));
}

function budget(io: Io, options: BudgetOptions, name: string | undefined): Promise<number> {
  const asked = budgetOf(options);
  if (name !== undefined && options.perDay === true)
    throw refuse('invalid', '--per-day is of all sessions: leave the session out.');
  return withClient(io, options, async (client) => {
    const session = name === undefined ? undefined : (await findSession(client, name)).id;
    const value = await change(client, { session, asked, period: options.perDay === true });
    answer(io, options, { value, lines: [linesOf(cleanAll(value))] });
    return 0;
  });
}

interface Change {
  session: string | undefined;
  /** Null takes the budget away; undefined only looks at it. */
  asked: Budget | null | undefined;
  /** By days. */
  period: boolean;
}

async function change(
  client: Client,
  { session, asked, period }: Change,
): Promise<OutputOf<'budgets.get'>> {
  if (session === undefined && asked !== undefined) {
    const set = asked && { ...asked, period: period ? ('day' as const) : ('total' as const) };
    return client.budgets.set({ budget: set });
  }
  if (session !== undefined && asked !== undefined)
    await client.sessions.patch({ session, budget: asked });
  return client.budgets.get(given({ session }));
}

function linesOf(value: OutputOf<'budgets.get'>): string {
  const whose = value.session === null ? 'All sessions' : oneLine(value.session);
  return `${whose}: ${renderBudget(value) ?? 'no budget.'}`;
}

function budgetOf(options: BudgetOptions): Budget | null | undefined {
  const { action, none } = options;
  const limits = limitsOf(options);
  const named = Object.keys(limits).length > 0;
  if (none === true) {
    if (named || action !== undefined)
      throw refuse('invalid', '--none takes the budget away: give nothing else with it.');
    return null;
  }
  if (!named && action === undefined && options.perDay !== true) return undefined;
  if (!named) throw refuse('invalid', 'Name a limit: --cost, --tokens, --runs or --time.');
  if (action === undefined)
    throw refuse('invalid', `Say what happens then: --action ${budgetActions.join(', ')}.`);
  return { limits, action };
}

function limitsOf({ cost, tokens, runs, time }: BudgetOptions): Budget['limits'] {
  return given({
    cost: cost === undefined ? undefined : moneyOf(cost),
    tokens: tokens === undefined ? undefined : wholeNumber(tokens, '--tokens'),
    runs: runs === undefined ? undefined : wholeNumber(runs, '--runs'),
    wallMs: time === undefined ? undefined : duration(time, '--time'),
  });
}

function moneyOf(text: string): { amount: number; currency: string } {
  const [, amount, currency] = /^(\d+(?:\.\d+)?) ?([A-Za-z]{3})?$/.exec(text) ?? [];
  if (amount !== undefined)
    return { amount: Number(amount), currency: (currency ?? 'USD').toUpperCase() };
  throw refuse('invalid', `--cost ${text} is no money: give one such as 5 or 5EUR.`);
}
