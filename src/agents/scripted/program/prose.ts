// Readable text of any length, the same in every run. Pure.

const words =
  'agent session entry seq node head run host spool partial approval delivery feed epoch ' +
  'writes reads keeps follows takes gives holds ends begins waits settles resumes answers ' +
  'quiet steady dense whole torn open last first durable plain long small ' +
  'the a its every one no this that of to from with before after between until while ' +
  'naïve façade Zürich λόγος журнал 会話 記録 résumé';

const list = words.split(' ');

/** Text of exactly `length` UTF-16 units. A longer text of the same seed begins like a shorter one. */
export function* prose(length: number, seed: number): Generator<string, void> {
  const random = sequence(seed);
  let left = length;
  for (let paragraph = 0; left > 0; paragraph++) {
    const text = fit(writeParagraph(paragraph, random), left);
    left -= text.length;
    yield text;
  }
}

type Random = (below: number) => number;

/** A small linear congruential generator: repeatable is all it has to be. */
function sequence(seed: number): Random {
  let state = (seed ^ 0x5deece66) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Paragraphs take turns, so that even a short text shows each shape. */
function writeParagraph(index: number, random: Random): string {
  switch (index % 6) {
    case 0:
      return `## ${sentence(random, 4)}\n\n`;
    case 2:
      return Array.from({ length: 3 }, () => `- ${sentence(random, 5)}\n`).join('') + '\n';
    case 3:
      return `${sentence(random, 9)} 🧭 ${sentence(random, 6)}\u2028${sentence(random, 7)}\n\n`;
    case 4:
      return `\`\`\`ts\nconst ${pick(random)} = '${pick(random)}'; // ${sentence(random, 3)}\n\`\`\`\n\n`;
    default:
      return Array.from({ length: 4 }, () => sentence(random, 11)).join(' ') + '\n\n';
  }
}

function sentence(random: Random, length: number): string {
  const text = Array.from({ length }, () => pick(random)).join(' ');
  return text[0]!.toUpperCase() + text.slice(1) + '.';
}

function pick(random: Random): string {
  return list[random(list.length)]!;
}

/** Cuts at a number of UTF-16 units; half a surrogate pair becomes a full stop. */
function fit(text: string, length: number): string {
  const cut = text.slice(0, length);
  return cut.isWellFormed() ? cut : cut.slice(0, -1) + '.';
}
