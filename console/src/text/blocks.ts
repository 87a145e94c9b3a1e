import { Lexer, type Token } from 'marked';

/** Of one paragraph, cell or heading. Beyond it reading takes a time that grows with the square. */
const inlineChars = 20_000;
const inlineMarks = 400;

/** The blocks of a Markdown text without carriage returns; null where it cannot be read, being nested too deep. */
export function blocksOf(text: string): Token[] | null {
  const lexer = new Lexer({ gfm: true });
  try {
    const blocks = lexer.blockTokens(text, lexer.tokens);
    for (const { src, tokens } of lexer.inlineQueue) {
      if (isReadable(src)) lexer.inlineTokens(src, tokens);
      else tokens.push({ type: 'text', raw: src, text: src, escaped: false });
    }
    return blocks;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Marks without a match are what takes long. */
function isReadable(text: string): boolean {
  if (text.length > inlineChars) return false;
  let marks = 0;
  for (let at = 0; at < text.length && marks <= inlineMarks; at++) {
    if ('*_~`['.includes(text[at]!)) marks += 1;
  }
  return marks <= inlineMarks;
}
