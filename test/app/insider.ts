import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Talk } from './talk.ts';
import { compiled } from '../compile-cache.ts';

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const set = Object.entries(compiled()).map(([name, value]) => `${name}="${value}" `);
/** The command, as what an agent runs in its shell. */
export const turnkeep = `env ${set.join('')}"${process.execPath}" "${cli}"`;

export interface Said {
  code: number;
  out: string;
  err: string;
}

/** A prompt that makes the agent run shell commands; what each says goes to files in its directory. */
export function shell(...lines: readonly string[]): { prompt: string; names: string[] } {
  const names = lines.map(() => `said-${randomUUID()}`);
  const steps = lines.map((line, at) => {
    const name = names[at]!;
    const command = `( ${line} ) >${name}.out 2>${name}.err; echo $? >${name}.code`;
    return `[[run ${command.replaceAll(']', String.raw`\]`)}]]`;
  });
  return { prompt: steps.join(' '), names };
}

export async function saidBy(cwd: string, name: string): Promise<Said> {
  const read = (ending: string): Promise<string> =>
    readFile(join(cwd, `${name}.${ending}`), 'utf8');
  return { code: Number(await read('code')), out: await read('out'), err: await read('err') };
}

/** Has the session's agent run shell commands, and gives what each said. */
export async function runInside(talk: Talk, ...lines: readonly string[]): Promise<Said[]> {
  const { prompt, names } = shell(...lines);
  const runs = talk.of('run_ended').length;
  await talk.send(prompt);
  const { data } = await talk.end(runs + 1, 60_000);
  if (data.outcome !== 'completed') throw new Error(JSON.stringify(data));
  return Promise.all(names.map((name) => saidBy(talk.cwd, name)));
}

/** Objects that a command printed, one JSON in a line. */
export function lines<Line = { id: string; parent: string | null; cwd: string; agent: string }>({
  out,
}: Said): Line[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
