import { Argument, type Command } from 'commander';
import type { Client } from '../../client/client.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { oneLine } from '../clean.ts';
import { type Candidate, type Completion, completionOf } from '../completion/candidates.ts';
import { completionScript, type Shell, shells } from '../completion/scripts.ts';
import { lineWords } from '../completion/words.ts';
import { type Common, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { given } from '../pairs.ts';

interface CompletionOptions extends Common {
  json?: boolean;
}

export function addCompletion(program: Command, act: Act): void {
  program
    .command('completion')
    .description('Print what makes a shell complete commands, options and names of sessions.')
    .addArgument(new Argument('<shell>', 'which one').choices(shells))
    .option('--json', 'print JSON')
    .action(act(script));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .option('--line <text>')
    .action(
      act((io: Io, options: LineOptions, words: string[]) =>
        complete(io, program, { options, words }),
      ),
    );
}

function script(io: Io, options: CompletionOptions, shell: Shell): Promise<number> {
  // By the full names of the files: an alias or another `turnkeep` must not be asked instead.
  const text = completionScript(shell, [process.execPath, io.script]);
  answer(io, options, { value: { shell, script: text }, lines: [text.trimEnd()] });
  return Promise.resolve(0);
}

interface LineOptions extends Common {
  line?: string;
}

async function complete(
  io: Io,
  program: Command,
  { options, words }: { options: LineOptions; words: string[] },
): Promise<number> {
  const all = options.line === undefined ? words : lineWords(options.line).slice(1);
  const typed = all.at(-1) ?? '';
  const found = completionOf(program, all);
  const candidates = await resolved(io, { ...options, ...named(all) }, found);
  const kind = found.kind === 'files' || found.kind === 'directories' ? found.kind : 'words';
  const lines = candidates
    .filter(({ word }) => word.startsWith(typed) && isWord(word))
    .map(({ word, about }) => `${word}\t${oneLine(about, 60)}`);
  io.out(`${[kind, ...lines].join('\n')}\n`);
  return 0;
}

/** Which daemon the line itself names. */
function named(words: readonly string[]): Common {
  const after = (name: string) => words[words.indexOf(name) + 1 || words.length];
  const [state, url, tokenFile] = ['--state', '--url', '--token-file'].map(after);
  return given({ state, url, tokenFile });
}

/** One line, without anything that a terminal or a shell acts on. */
function isWord(word: string): boolean {
  return word !== '' && oneLine(word, 300) === word;
}

/** A shell waits for this: after so long it gets nothing. */
const daemonMs = 1000;

async function resolved(io: Io, common: Common, found: Completion): Promise<readonly Candidate[]> {
  switch (found.kind) {
    case 'words':
      return found.words;
    case 'files':
    case 'directories':
      return [];
    case 'sessions':
    case 'deleted':
    case 'agents':
      try {
        return await withClient(io, common, (client) => asked(client, found.kind));
      } catch {
        // No daemon, or none that answers us: there is nothing to complete, and nobody to tell.
        return [];
      }
  }
}

async function asked(
  client: Client,
  kind: 'sessions' | 'deleted' | 'agents',
): Promise<Candidate[]> {
  const quick = { tries: 1, timeoutMs: daemonMs };
  if (kind === 'agents') {
    const { agents } = await client.agents.list({}, quick);
    return agents.map(({ name, title }) => ({ word: name, about: title }));
  }
  const deleted = kind === 'deleted';
  const { sessions } = await client.sessions.list({ limit: 200, deleted }, quick);
  const labels = new Set(sessions.flatMap(({ label }) => label ?? []));
  return [
    ...(deleted ? [] : [{ word: 'last', about: 'the latest session' }]),
    ...sessions.flatMap(({ key, title }) =>
      key === null ? [] : [{ word: key, about: title ?? '' }],
    ),
    ...(deleted ? [] : [...labels].map((word) => ({ word, about: 'label' }))),
    ...sessions.map(({ id, title, lastMessage }) => ({
      word: id,
      about: title ?? lastMessage ?? '',
    })),
  ];
}
