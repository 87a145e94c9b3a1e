import { lexer, type MarkedToken, type Token, type Tokens } from 'marked';
import { indent, type Look } from './look.ts';

/** Markdown as lines for a terminal. The text must be clean already. */
export function renderMarkdown(text: string, look: Look): string[] {
  return blocks(lexer(text), look);
}

function blocks(tokens: readonly Token[], look: Look): string[] {
  const lines: string[] = [];
  for (const token of tokens) lines.push(...block(token as MarkedToken, look));
  return lines;
}

function block(token: MarkedToken, look: Look): string[] {
  const { style } = look;
  switch (token.type) {
    case 'space':
      return [''];
    case 'heading':
      return inline(token.tokens, look).map((line) => style.bold(style.cyan(line)));
    case 'code':
      return token.text.split('\n').map((line) => `  ${style.cyan(line)}`);
    case 'blockquote':
      return indent(blocks(token.tokens, look), style.dim('│ '), style.dim('│ '));
    case 'list':
      return list(token, look);
    case 'table':
      return table(token, look);
    case 'hr':
      return [style.dim('─'.repeat(Math.min(40, look.columns)))];
    case 'paragraph':
      return inline(token.tokens, look);
    case 'text':
      return inline(token.tokens ?? [token], look);
    default:
      return token.raw.replace(/\n$/, '').split('\n');
  }
}

function list(token: Tokens.List, look: Look): string[] {
  return token.items.flatMap((item, at) => {
    const number = `${Number(token.start || 1) + at}. `;
    const mark = token.ordered ? number : '• ';
    const box = item.task ? (item.checked === true ? '[x] ' : '[ ] ') : '';
    const inner = item.tokens.filter((part) => part.type !== 'checkbox');
    return indent(blocks(inner, look), mark + box, ' '.repeat(mark.length));
  });
}

function table(token: Tokens.Table, look: Look): string[] {
  const rows = [token.header, ...token.rows].map((row) => row.map((cell) => plain(cell.tokens)));
  const widths = token.header.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) =>
    widths
      .map((width, at) => (row[at] ?? '').padEnd(width))
      .join('  ')
      .trimEnd(),
  );
  const rule = look.style.dim(widths.map((width) => '─'.repeat(width)).join('  '));
  return [look.style.bold(lines[0] ?? ''), rule, ...lines.slice(1)];
}

function plain(tokens: readonly Token[]): string {
  return tokens
    .map((token) => ('text' in token && typeof token.text === 'string' ? token.text : token.raw))
    .join('');
}

function inline(tokens: readonly Token[], look: Look): string[] {
  return tokens
    .map((token) => span(token as MarkedToken, look))
    .join('')
    .split('\n');
}

function span(token: MarkedToken, look: Look): string {
  const { style } = look;
  switch (token.type) {
    case 'strong':
      return style.bold(spans(token.tokens, look));
    case 'em':
      return style.italic(spans(token.tokens, look));
    case 'codespan':
      return style.cyan(token.text);
    case 'link':
      return link(spans(token.tokens, look), token.href, look);
    case 'image':
      return link(token.text, token.href, look);
    case 'br':
      return '\n';
    case 'text':
      return token.tokens === undefined ? token.text : spans(token.tokens, look);
    case 'escape':
      return token.text;
    default:
      return token.raw;
  }
}

function spans(tokens: readonly Token[], look: Look): string {
  return tokens.map((token) => span(token as MarkedToken, look)).join('');
}

function link(text: string, href: string, look: Look): string {
  const address = look.style.dim(`(${href})`);
  return text === href || text === '' ? look.style.underline(href) : `${text} ${address}`;
}
