import type { EntryOf } from '../domain/entry.ts';
import { isObject, type Json } from '../domain/json.ts';
import { refuse } from '../domain/refusal.ts';
import { edited, parseJson } from './editor.ts';
import type { Io } from './io.ts';
import { readText } from './settings.ts';

/** Has a person edit with what a tool is to run: its command, or its whole input as JSON. */
export function editInput(io: Io, { toolCall }: EntryOf<'approval'>['data']): Promise<Json> {
  const input = toolCall?.input;
  if (input === undefined) throw refuse('unsupported', 'The agent did not say with what it works.');
  if (isObject(input) && typeof input['command'] === 'string') {
    const { command } = input;
    // Editors end a file with a newline; a command needs none.
    const text = `${command}\n`;
    return edited(io, { name: 'command.sh', text }, (written) => ({
      ...input,
      command: written === text ? command : written.replace(/\n$/, ''),
    }));
  }
  const text = `${JSON.stringify(input, null, 2)}\n`;
  return edited(
    io,
    { name: 'input.json', text },
    (written) => parseJson(written, 'The input') as Json,
  );
}

/** JSON on the command line, or with @ before it the content of a file. */
export function readJson(io: Io, text: string, what: string): Json {
  const json = text.startsWith('@') ? readText(io, text.slice(1)) : text;
  return parseJson(json, what) as Json;
}
