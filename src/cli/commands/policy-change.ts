import { type Command, Option } from 'commander';
import type { Client } from '../../client/client.ts';
import type { Effect, Rule } from '../../domain/policy.ts';
import { RefusalError, refuse } from '../../domain/refusal.ts';
import { toolKinds } from '../../protocol/policy.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { type Common, withClient } from '../connect.ts';
import { edited, parseJson } from '../editor.ts';
import { type Io, lookOf } from '../io.ts';
import { given } from '../pairs.ts';
import { renderRules, ruleText } from '../render/rule.ts';
import {
  changeRules,
  placeOf,
  type PlaceOptions,
  readRules,
  type RulePlace,
  writeRules,
} from '../rule-list.ts';

interface ChangeOptions extends Common, PlaceOptions {
  path?: string;
  tool?: string;
  kind?: (typeof toolKinds)[number];
  expansions?: boolean;
  note?: string;
  json?: boolean;
}

const effects: Record<Effect, string> = {
  allow: 'Allow something from now on: the rule comes before those that are there.',
  ask: 'Have a person asked about something, whatever the rules after this one say.',
  deny: 'Deny something from now on.',
};

/** Commands that change lists of rules. */
export function addPolicyChanges(policy: Command, act: Act): void {
  for (const effect of ['allow', 'ask', 'deny'] as const) {
    placed(policy.command(effect).description(effects[effect]))
      .argument('[rules...]', 'words of a command each: "git log **"')
      .option('--path <glob>', 'files instead: real paths, absolute or from ./ on')
      .option('--tool <name>', 'only the tool of this name')
      .addOption(new Option('--kind <kind>', 'only tools of this kind').choices(toolKinds))
      .option('--expansions', 'wildcards stand for words that only the shell knows, too')
      .option('--note <text>', 'why; shown with the rule')
      .action(
        act((io: Io, options: ChangeOptions, patterns: string[]) =>
          add(io, options, { effect, patterns }),
        ),
      );
  }
  placed(policy.command('remove').description('Take rules back, by their numbers or as they are.'))
    .argument('<rules...>', 'numbers as `policy show` has them, or the words of the rule')
    .action(act(remove));
  placed(policy.command('edit').description('Edit a list of rules as JSON in your editor.')).action(
    act(edit),
  );
}

function placed(command: Command): Command {
  return command
    .option('--session <session>', 'rules of this session')
    .option('--dir <dir>', 'rules of this directory and all below it')
    .option('--everywhere', 'rules that hold everywhere')
    .option('--json', 'print JSON');
}

/** Changes the rules of the place that is meant, and shows them as they are then. */
function changing(
  io: Io,
  options: ChangeOptions,
  change: (client: Client, place: RulePlace) => Promise<readonly Rule[]>,
): Promise<number> {
  return withClient(io, options, async (client) => {
    const place = await placeOf(io, client, options);
    const rules = await change(client, place);
    const lines = rules.length === 0 ? ['no rules'] : renderRules(rules, lookOf(io, options));
    answer(io, options, { value: { ...place, rules }, lines });
    return 0;
  });
}

interface Added {
  effect: Effect;
  patterns: string[];
}

function add(io: Io, options: ChangeOptions, { effect, patterns }: Added): Promise<number> {
  const { path, tool, kind, note } = options;
  const about = given({ tool, kind, path, note });
  const expansions = options.expansions === true ? { expansions: true as const } : {};
  if (patterns.length === 0 && path === undefined && tool === undefined && kind === undefined) {
    throw refuse('invalid', 'Say what: words of a command, --path, --tool or --kind.');
  }
  const rules: Rule[] =
    patterns.length === 0
      ? [{ effect, ...about }]
      : patterns.map((command) => ({ effect, ...about, command, ...expansions }));
  return changing(io, options, (client, place) =>
    changeRules(client, place, (before) => {
      const texts = rules.map(sameness);
      return [...rules, ...before.filter((one) => !texts.includes(sameness(one)))];
    }),
  );
}

/** Two rules that are told apart by their notes alone are the same. */
function sameness({ note: _note, ...rule }: Rule): string {
  return JSON.stringify(Object.entries(rule).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function remove(io: Io, options: ChangeOptions, named: string[]): Promise<number> {
  return changing(io, options, (client, place) =>
    changeRules(client, place, (before) => {
      const gone = new Set(named.flatMap((name) => numbersOf(before, name)));
      return before.filter((_, at) => !gone.has(at));
    }),
  );
}

/** Places from 0 of the rules that a person names. */
function numbersOf(rules: readonly Rule[], name: string): number[] {
  const number = /^\d+$/.test(name) ? Number(name) - 1 : null;
  const found = rules.flatMap((rule, at) =>
    at === number || ruleText(rule) === name || rule.command === name ? [at] : [],
  );
  if (found.length > 0) return found;
  const there = rules.length === 0 ? 'there are none' : `there are ${rules.length}`;
  throw refuse('not_found', `No rule ${name} is here; ${there}, see \`turnkeep policy show\`.`);
}

function edit(io: Io, options: ChangeOptions): Promise<number> {
  return changing(io, options, async (client, place) => {
    const { rules, revision } = await readRules(client, place);
    const text = `${JSON.stringify(rules, null, 2)}\n`;
    return edited(io, { name: 'rules.json', text }, async (written) => {
      if (written === text) return rules;
      const wanted = parseJson(written, 'What you wrote') as Rule[];
      return writeRules(client, place, { rules: wanted, revision }).catch(explained);
    });
  });
}

/** Says of a rule that is refused which one it is, and of a late change what to do. */
function explained(error: unknown): never {
  if (!(error instanceof RefusalError)) throw error;
  const { refusal } = error;
  if (refusal.code === 'conflict') {
    const message = 'The rules were changed meanwhile: edit them again.';
    throw new RefusalError({ ...refusal, message });
  }
  const [, number] = /rules\.(\d+)/.exec(refusal.field ?? '') ?? [];
  if (number === undefined) throw error;
  throw new RefusalError({ ...refusal, message: `Rule ${Number(number) + 1}: ${refusal.message}` });
}
