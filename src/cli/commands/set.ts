import path from 'node:path';
import type { Command } from 'commander';
import { refuse } from '../../domain/refusal.ts';
import { agentSettings, type AgentSetting } from '../../domain/settings.ts';
import type { InputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { pair } from '../pairs.ts';
import { readText } from '../settings.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';

interface SetOptions extends Common {
  json?: boolean;
}
type Changes = Omit<InputOf<'sessions.patch'>, 'session'>;

export function addSet(program: Command, act: Act): void {
  program
    .command('set')
    .description('Change settings of a session, and say from when the agent has them.')
    .argument('<session>', sessionText)
    .argument('<changes...>', `name=value, name= to take it back; of ${settingNames.join(', ')}`)
    .option('--json', 'print JSON')
    .action(act(set));
  for (const [name, archived] of [
    ['archive', true],
    ['unarchive', false],
  ] as const) {
    program
      .command(name)
      .description(archived ? 'Take sessions out of the list.' : 'Bring sessions back into it.')
      .argument('<sessions...>', sessionText)
      .option('--json', 'print JSON, one line for each')
      .action(
        act((io: Io, options: SetOptions, names: string[]) =>
          archive(io, options, { names, archived }),
        ),
      );
  }
}

function set(io: Io, options: SetOptions, name: string, texts: string[]): Promise<number> {
  const changes = changesOf(io, texts);
  return withClient(io, options, async (client) => {
    const { id } = await findSession(client, name);
    const value = await client.sessions.patch({ session: id, ...changes });
    const lines = Object.keys(changes).map((field) => {
      const since = isAgentSetting(field) ? value.applied[field] : undefined;
      return `${oneLine(field)}: ${since ?? 'changed'}`;
    });
    answer(io, options, { value, lines });
    return 0;
  });
}

function isAgentSetting(name: string): name is AgentSetting {
  return (agentSettings as readonly string[]).includes(name);
}

function archive(
  io: Io,
  options: SetOptions,
  { names, archived }: { names: string[]; archived: boolean },
): Promise<number> {
  return withClient(io, options, async (client) => {
    for (const name of names) {
      const { id } = await findSession(client, name);
      const value = await client.sessions.patch({ session: id, archived });
      answer(io, options, { value, lines: [`${id} ${archived ? 'archived' : 'unarchived'}`] });
    }
    return 0;
  });
}

/** How a value is read; null takes the setting back. */
type Reader = (text: string, io: Io, before: Changes) => Changes;

const text =
  (name: 'title' | 'label' | 'model' | 'mode' | 'effort' | 'key'): Reader =>
  (value) => ({ [name]: value === '' ? null : value });
const tools =
  (name: 'allow' | 'deny'): Reader =>
  (value, _io, { tools: before }) => ({ tools: { ...before, [name]: listed(value) } });
const instruct =
  (name: 'append' | 'replace'): Reader =>
  (value, io, { instructions: before }) => ({
    instructions: value === '' ? null : { ...before, [name]: content(io, value) },
  });

const readers: Readonly<Record<string, Reader>> = {
  title: text('title'),
  label: text('label'),
  key: text('key'),
  model: text('model'),
  mode: text('mode'),
  effort: text('effort'),
  cwd: (value, io) => ({ cwd: path.resolve(io.cwd, value) }),
  archived: (value) => ({ archived: truth(value) }),
  'on-lost': (value) => ({ onLost: value as 'stop' }),
  'max-turns': (value) => ({ maxTurns: value === '' ? null : wholeNumber(value, 'max-turns') }),
  instructions: instruct('append'),
  'instructions.replace': instruct('replace'),
  tools: (value) => {
    if (value === '') return { tools: null };
    throw refuse('invalid', 'Write tools.allow=a,b or tools.deny=a,b, or tools= for the usual.');
  },
  'tools.allow': tools('allow'),
  'tools.deny': tools('deny'),
  'add-dirs': (value, io) => ({
    additionalDirs: listed(value).map((directory) => path.resolve(io.cwd, directory)),
  }),
  mcp: (value, io) => ({ mcpServers: json(content(io, value)) as [] }),
  env: (value) => {
    if (value === '') return { env: {} };
    throw refuse(
      'invalid',
      'Write env.NAME=value: those that are given replace those that are set.',
    );
  },
};
const settingNames = [...Object.keys(readers), 'meta.NAME', 'env.NAME'];

/** The changes of all the words; those of one setting come together. */
function changesOf(io: Io, words: readonly string[]): Changes {
  return words.reduce<Changes>((before, word) => ({ ...before, ...change(io, word, before) }), {});
}

function change(io: Io, word: string, before: Changes): Changes {
  const [name, value] = pair(word, 'set');
  const [group, ...rest] = name.split('.');
  const member = rest.join('.');
  if (group === 'meta' && member !== '') {
    return { meta: { ...before.meta, [member]: value === '' ? null : value } };
  }
  if (group === 'env' && member !== '') return { env: { ...before.env, [member]: value } };
  const reader = readers[name];
  if (reader !== undefined) return reader(value, io, before);
  throw refuse('invalid', `There is no setting ${name}; there are ${settingNames.join(', ')}.`);
}

/** A text, or with @ before it the content of a file. */
function content(io: Io, value: string): string {
  return value.startsWith('@') ? readText(io, value.slice(1)) : value;
}

function listed(value: string): string[] {
  return value.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]));
}

function truth(value: string): boolean {
  if (value !== 'true' && value !== 'false') {
    throw refuse('invalid', `archived=${value}: write true or false.`);
  }
  return value === 'true';
}

function json(value: string): unknown {
  try {
    return JSON.parse(value === '' ? '[]' : value);
  } catch (error) {
    throw refuse('invalid', `mcp is no JSON: ${(error as Error).message}`);
  }
}
