import path from 'node:path';
import { type Command, Option } from 'commander';
import type { Client } from '../../client/client.ts';
import type { Effect, Rule, Ruling } from '../../domain/policy.ts';
import { refuse } from '../../domain/refusal.ts';
import type { SessionRow } from '../../domain/row.ts';
import type { InputOf, OutputOf } from '../../protocol/operations.ts';
import { toolKinds } from '../../protocol/policy.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import { insideSession } from '../inside.ts';
import type { Look } from '../render/look.ts';
import { bypassText } from '../render/policy.ts';
import { renderEffect, renderRule, renderRules, rulingText } from '../render/rule.ts';
import { renderDuration } from '../render/measure.ts';
import { realDirectory } from '../rule-list.ts';
import { addPolicyChanges } from './policy-change.ts';
import { addPolicyOfSession } from './policy-session.ts';
import { sessionText } from './sessions.ts';

type Got = OutputOf<'policy.get'>;
type Tested = OutputOf<'policy.test'>;
type Wants = InputOf<'policy.test'>['wants'];

/** What a verdict is told to scripts by. */
const exitCodes: Record<Effect, number> = { allow: 0, deny: 1, ask: 3 };

export function addPolicy(program: Command, act: Act): void {
  const policy = program
    .command('policy')
    .description('What agents may do unasked: see, try and change the rules.');
  policy
    .command('show')
    .description('The rules of a session with those around it, or of all directories.')
    .argument('[session]', sessionText)
    .option('--json', 'print JSON')
    .action(act(show));
  policy
    .command('test')
    .description('What would be said to a command, a file or a tool, and why; nothing is done.')
    .argument('[command]', 'what a shell is to run, as one word')
    .option('--session <session>', 'with the rules and the directory of this session')
    .option('--dir <dir>', 'as for a new session in this directory (default: this one)')
    .option('--read <file>', 'reading this file')
    .option('--write <file>', 'writing this file')
    .option('--tool <name>', 'a tool by its own name')
    .addOption(new Option('--kind <kind>', 'a tool of this kind').choices(toolKinds))
    .option('--json', 'print JSON')
    .action(act(test));
  addPolicyChanges(policy, act);
  addPolicyOfSession(policy, act);
}

interface ShowOptions extends Common {
  json?: boolean;
}

function show(io: Io, options: ShowOptions, name: string | undefined): Promise<number> {
  return withClient(io, options, async (client) => {
    const session = name === undefined ? null : await findSession(client, name);
    const value = await client.policy.get(session === null ? {} : { session: session.id });
    answer(io, options, { value, lines: policyLines(value, session, { io, options }) });
    return 0;
  });
}

function policyLines(
  { session: own, policies }: Got,
  session: SessionRow | null,
  { io, options }: { io: Io; options: ShowOptions },
): string[] {
  const look = lookOf(io, options);
  const title = session && oneLine(session.title ?? session.key ?? session.id);
  const ofSession =
    own === null
      ? []
      : [
          look.style.bold(`Session ${title ?? ''}`.trimEnd()),
          ...settingLines(own, io, look),
          ...rulesOrNone(own.rules as Rule[], look),
        ];
  // Where rules were taken back, a list without any is left.
  const around = policies.flatMap(({ directory, rules }) => {
    if (rules.length === 0) return [];
    const head = directory === null ? 'Everywhere' : `Directory ${oneLine(directory, 4096)}`;
    return [look.style.bold(head), ...renderRules(rules as Rule[], look)];
  });
  if (own === null && around.length === 0)
    return ['There are no rules: everything is asked about.'];
  return [...ofSession, ...around];
}

function rulesOrNone(rules: readonly Rule[], look: Look): string[] {
  return rules.length === 0 ? [look.style.dim('  no rules')] : renderRules(rules, look);
}

function settingLines(own: NonNullable<Got['session']>, io: Io, { style }: Look): string[] {
  const { autoAcceptEdits, bypassUntil, answerMs } = own;
  const bypass = bypassText(bypassUntil, io.now());
  return [
    ...(bypass === null ? [] : [style.red(`  ${bypass}`)]),
    ...(autoAcceptEdits ? [style.yellow('  edits in its directory are accepted')] : []),
    ...(answerMs === null
      ? []
      : [style.dim(`  what nobody answers for ${renderDuration(answerMs)} is denied`)]),
  ];
}

interface TestOptions extends Common {
  session?: string;
  dir?: string;
  read?: string;
  write?: string;
  tool?: string;
  kind?: (typeof toolKinds)[number];
  json?: boolean;
}

function test(io: Io, options: TestOptions, command: string | undefined): Promise<number> {
  const wants = wantsOf(io, options, command);
  return withClient(io, options, async (client) => {
    const around = await groundOf(io, client, options);
    const value = await client.policy.test({ ...around, wants });
    answer(io, options, { value, lines: testLines(value, lookOf(io, options)) });
    return exitCodes[value.verdict.effect];
  });
}

function wantsOf(io: Io, options: TestOptions, command: string | undefined): Wants {
  const { read, write, tool, kind } = options;
  const named = tool === undefined ? {} : { tool };
  const file = read ?? write;
  const given = [command, read, write].filter((one) => one !== undefined).length;
  if (given > 1 || (given === 0 && tool === undefined && kind === undefined)) {
    throw refuse('invalid', 'Say what to try: a command, --read, --write, or --tool and --kind.');
  }
  if (command !== undefined) return { ...named, kind: kind ?? 'execute', command };
  if (file === undefined) return { ...named, ...(kind === undefined ? {} : { kind }) };
  const usual = read === undefined ? 'edit' : 'read';
  return { ...named, kind: kind ?? usual, locations: [path.resolve(io.cwd, file)] };
}

type Ground = { session: string } | { directory: string };

async function groundOf(io: Io, client: Client, options: TestOptions): Promise<Ground> {
  if (options.session !== undefined && options.dir !== undefined) {
    throw refuse('invalid', 'Give --session or --dir, not both.');
  }
  const session =
    options.session ?? (options.dir === undefined ? insideSession(io, options) : null);
  if (session !== null) return { session: (await findSession(client, session)).id };
  return { directory: realDirectory(io, options.dir ?? '.') };
}

function testLines({ verdict, parts, rules }: Tested, look: Look): string[] {
  const line = (ruling: Ruling, text: string) => {
    const why = look.style.dim(`  because ${rulingText(ruling)}`);
    return `${renderEffect(ruling.effect, look)}  ${oneLine(text, 400)}${why}`;
  };
  const shown = parts.map(({ found, text, verdict: one }) =>
    line(one as Ruling, found === 'command' || found === 'unclear' ? text : `${found} ${text}`),
  );
  const [first] = shown;
  const whole = line(verdict as Ruling, 'all in all');
  const advice =
    rules.length === 0
      ? ['No rule can allow just this.']
      : [
          'These rules would allow it:',
          ...rules.map((one) => `  ${renderRule(one as Rule, look)}`),
        ];
  return [
    ...(shown.length === 1 && first !== undefined ? [first] : [...shown, whole]),
    ...(verdict.effect === 'ask' ? advice : []),
  ];
}
