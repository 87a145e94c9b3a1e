/** The words of a Bash command line up to the cursor, the last one as far as it is typed; quotes are taken away. */
export function lineWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (quote !== '') {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"') word += line[++at] ?? '';
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      word = (word ?? '') + (line[++at] ?? '');
    } else if (/[|;&]/.test(char)) {
      // Another command begins; the words before belong to the one that has ended.
      words.length = 0;
      word = null;
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + char;
    }
  }
  return [...words, word ?? ''];
}
