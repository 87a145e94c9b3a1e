import path from 'node:path';
import { promptMark } from './prompts.ts';
import type { Dice } from './random.ts';

const weights = {
  stream: 26,
  long: 8,
  think: 10,
  list: 8,
  write: 12,
  command: 18,
  slow: 8,
  question: 6,
  large: 4,
} as const;
type Kind = keyof typeof weights;

/** What of a prompt the dice are thrown for. */
interface Throw {
  dice: Dice;
  id: string;
  work: string;
}

/**
 * A script for the model behind the real Claude Code: slow texts, and tools that are asked about. Every one
 * is a good turn, so whatever ends otherwise was ended by the kills.
 */
export function makeClaudePrompt(dice: Dice, id: string, work: string): string {
  const kind = dice.weighted(weights);
  const lines = [`!pace ${dice.whole(2, 20)}`, ...linesOf(kind, { dice, id, work })];
  const ballast = kind === 'large' ? [ballastOf(dice)] : [];
  return [promptMark(id), ...lines, ...ballast].join('\n');
}

function linesOf(kind: Kind, { dice, id, work }: Throw): string[] {
  const say = (from: number, to: number): string => `!say ${words(dice, dice.whole(from, to))}`;
  const bash = (command: string): string => call('Bash', { command, description: 'As scripted' });
  const effect = (number: number): string => `echo mark_${id}_${number} >> effects`;
  const file = path.join(work, `file-${id}.txt`);
  switch (kind) {
    case 'stream':
    case 'large':
      return [say(20, 120)];
    case 'long':
      return ['!pace 1', say(600, 1500)];
    case 'think':
      return [`!think ${words(dice, dice.whole(5, 60))}`, say(10, 80)];
    case 'list':
      return [say(5, 40), bash('ls'), '!next', say(10, 60)];
    case 'write':
      return [
        say(5, 40),
        call('Write', { file_path: file, content: `${id}\n` }),
        '!next',
        say(5, 60),
      ];
    case 'command':
      return [
        say(3, 30),
        bash(effect(1)),
        '!next',
        say(10, 60),
        bash(`${effect(2)}; tail -3 effects`),
        '!next',
        say(5, 40),
      ];
    case 'slow':
      return [bash(`sleep 0.${dice.whole(1, 9)}; ${effect(1)}`), '!next', say(10, 60)];
    case 'question':
      return [call('AskUserQuestion', question), '!next', say(5, 40)];
  }
}

const question = {
  questions: [
    {
      question: 'Which one?',
      header: 'Choice',
      options: ['red', 'green'].map((label) => ({ label, description: label })),
      multiSelect: false,
    },
  ],
};

function call(name: string, input: object): string {
  return `!call ${name} ${JSON.stringify(input)}`;
}

const vocabulary =
  'the agent waits until a daemon comes back and nothing of what was said is missing Größe façade 東京 🚀 naïve'.split(
    ' ',
  );

function words(dice: Dice, count: number): string {
  return Array.from({ length: count }, (_, at) => `${dice.pick(vocabulary)}${at}`).join(' ');
}

/** Makes the prompt itself long; the model has nothing to do with it. */
function ballastOf(dice: Dice): string {
  return `ballast ${words(dice, dice.whole(2000, 16_000))}`;
}

/** The texts and thoughts that a script has the model say, part by part; each part is one of its answers. */
export function partsOf(prompt: string): string[][] {
  const parts: string[][] = [[]];
  let open = false;
  for (const line of prompt.split('\n')) {
    const [, verb = '', rest = ''] = /^!([a-z]+)(?: (.*))?$/.exec(line) ?? [];
    const part = parts.at(-1)!;
    if (verb === 'say' && open) part.push(part.pop()! + rest);
    else if (verb === 'say' || verb === 'think') part.push(rest);
    if (verb === 'next') parts.push([]);
    if (verb !== '' && verb !== 'pace') open = verb === 'say';
  }
  return parts;
}
