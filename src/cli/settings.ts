import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import type { InputOf } from '../protocol/operations.ts';
import type { Io } from './io.ts';
import { collect, given, pairs } from './pairs.ts';

/** Options of commands that make sessions. */
export interface SettingsOptions {
  key?: string;
  title?: string;
  label?: string;
  meta?: string[];
  model?: string;
  mode?: string;
  effort?: string;
  instructions?: string;
  env?: string[];
  addDir?: string[];
  onLost?: 'stop' | 'continue';
}

export function addSettings(command: Command): Command {
  return command
    .option('--key <key>', 'agent:<agent>:<name>, a name that is its own')
    .option('--title <title>', 'title')
    .option('--label <label>', 'label')
    .option('--meta <name=value>', 'a text of yours; may be given more than once', collect)
    .option('--model <model>', 'model')
    .option('--mode <mode>', 'mode of the agent')
    .option('--effort <level>', 'how hard the model thinks')
    .option('--instructions <file>', "what comes after the agent's own instructions")
    .option('--env <NAME=value>', 'variable of the agent; may be given more than once', collect)
    .option(
      '--add-dir <dir>',
      'another directory for the agent; may be given more than once',
      collect,
    )
    .addOption(
      new Option('--on-lost <what>', 'what to do with a run lost with the machine').choices([
        'stop',
        'continue',
      ]),
    );
}

type Settings = Pick<
  InputOf<'sessions.create'>,
  | 'key'
  | 'title'
  | 'label'
  | 'meta'
  | 'model'
  | 'mode'
  | 'effort'
  | 'instructions'
  | 'env'
  | 'additionalDirs'
  | 'onLost'
>;

/** The fields of an operation that the options come to. */
export function settingsOf(io: Io, options: SettingsOptions): Settings {
  const { key, title, label, model, mode, effort, onLost, instructions } = options;
  const append = instructions === undefined ? undefined : readText(io, instructions);
  return given({
    key,
    title,
    label,
    model,
    mode,
    effort,
    onLost,
    meta: pairs(options.meta, '--meta'),
    instructions: append === undefined ? undefined : { append },
    env: pairs(options.env, '--env'),
    additionalDirs: options.addDir?.map((directory) => path.resolve(io.cwd, directory)),
  });
}

/** A file that a person named, as text. */
export function readText(io: Io, file: string): string {
  return readFileSync(path.resolve(io.cwd, file), 'utf8');
}
