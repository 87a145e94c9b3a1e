import type { Dice } from './random.ts';

/** A prompt for the scripted agent; `hangs` where only an abort ends its run. */
export interface Script {
  text: string;
  hangs: boolean;
}

const weights = {
  stream: 22,
  long: 6,
  think: 10,
  write: 8,
  command: 12,
  output: 6,
  ask: 12,
  askTwice: 4,
  question: 8,
  plan: 4,
  failing: 4,
  exit: 2,
  crash: 2,
  hang: 3,
  agentTurn: 3,
  rude: 3,
  large: 2,
} as const;
type Kind = keyof typeof weights;

/** The text by which a prompt is found again in the agent's own record. */
export const promptMark = (id: string): string => `#${id}#`;

/** A script by the dice. Commands leave their mark in `effects` when they are run. */
export function makeScript(dice: Dice, id: string): Script {
  const kind = dice.weighted(weights);
  const body = bodyOf(kind, dice, id);
  const padding = kind === 'large' ? ` ${'padding '.repeat(dice.whole(3000, 6000))}` : '';
  return { text: `${body} ${promptMark(id)}${padding}`, hangs: kind === 'hang' };
}

function bodyOf(kind: Kind, dice: Dice, id: string): string {
  const pace = `[[pace ${dice.pick([0, 1, 2, 5, 10])}]]`;
  const mark = (number: number): string => `mark_${id}_${number}`;
  const effect = (number: number): string => `echo ${mark(number)} >> effects`;
  const say = `[[say All of it is done now.]]`;
  switch (kind) {
    case 'stream':
    case 'large':
      return `${pace} [[chunk ${dice.whole(1, 40)}]] ${long(dice, 200, 4000)}`;
    case 'long':
      return `[[pace 1]] [[chunk ${dice.whole(60, 200)}]] ${long(dice, 12_000, 40_000)}`;
    case 'think':
      return `${pace} [[think I shall think about ${id} for a while before I say anything.]] ${long(dice, 80, 900)}`;
    case 'write':
      return `[[write file-${dice.whole(1, 3)}.txt|${id}\\nline\\n]] [[read file-1.txt]] ${say}`;
    case 'command':
      return `${pace} [[say Now.]] [[run ${effect(1)}]] ${long(dice, 50, 400)} [[run ${effect(2)}; cat effects | tail -3]]`;
    case 'output':
      return `[[run for i in 1 2 3 4 5 6; do echo "line $i of ${id}"; sleep 0.0${dice.whole(1, 9)}; done; ${effect(1)}]] ${say}`;
    case 'ask':
      return `${pace} ${long(dice, 30, 300)} [[ask run ${effect(1)}]] ${say}`;
    case 'askTwice':
      return `[[ask run ${effect(1)}]] [[say Between them.]] [[ask run ${effect(2)}]] ${say}`;
    case 'question':
      return dice.chance(0.5)
        ? `[[question Which one?|red|green|blue]] ${say}`
        : `[[question What?]] ${say}`;
    case 'plan':
      return `[[plan look;change;test]] [[title Work on ${id}]] [[usage ${dice.whole(1, 900)}|80]] [[cost 0.01]] ${say}`;
    case 'failing':
      return `${long(dice, 20, 200)} [[fail -32000|The model is away|overloaded]]`;
    case 'exit':
      return `${pace} ${long(dice, 20, 600)} [[exit 3]]`;
    case 'crash':
      return dice.chance(0.3) ? '[[crash]]' : `${pace} ${long(dice, 20, 600)} [[crash]]`;
    case 'hang':
      return `[[run ${effect(1)}]] [[say And now nothing.]] [[hang]]`;
    case 'agentTurn':
      return `${say} [[agentturn ${dice.whole(10, 200)}|One thing more, by myself.]]`;
    case 'rude':
      return `[[say First.]] [[misbehave ${dice.pick(['two-terminals', 'not-json', 'unknown-update', 'bad-utf8'])}]] ${say}`;
  }
}

function long(dice: Dice, from: number, to: number): string {
  return `[[long ${dice.whole(from, to)}|${dice.whole(1, 100_000)}]]`;
}
