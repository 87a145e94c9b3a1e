// Scripts for the model server of test/fixtures/models, with the tools that Codex gives a model.
import { call } from './model-script.ts';

/** A command, as `exec_command` has it. */
export const run = (cmd: string, more: object = {}): string =>
  call('exec_command', { cmd, ...more });

/** A patch, which is a text and no object. */
export const patch = (...lines: readonly string[]): string => {
  const text = ['*** Begin Patch', ...lines, '*** End Patch', ''].join('\n');
  return `!call apply_patch ${JSON.stringify(text)}`;
};

export const addFile = (name: string, ...lines: readonly string[]): string =>
  patch(`*** Add File: ${name}`, ...lines.map((line) => `+${line}`));
