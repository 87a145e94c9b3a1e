import { Lexer, type Token, type Tokens } from 'marked';
import { memo, type ReactNode, useMemo } from 'react';
import { Code } from './code.tsx';
import { harmless, safeLink } from './harmless.ts';
import { LongText } from './long-text.tsx';
import './markdown.css';

/** Longer texts are shown as they are: reading them as Markdown would take longer than a frame. */
const mostChars = 200_000;

/**
 * Markdown as elements. What is HTML in it stays text: nothing is ever parsed as markup, so nothing can be
 * smuggled in. Only blocks that have changed render again, which is the last one while a text streams.
 */
export function Markdown({ text }: { text: string }): ReactNode {
  const clean = useMemo(() => harmless(text), [text]);
  const blocks = useMemo(() => (clean.length > mostChars ? null : read(clean)), [clean]);
  if (blocks === null) return <LongText text={clean} />;
  return (
    <div className="md">
      {blocks.map((token, at) => (
        <Block key={at} raw={token.raw} token={token} />
      ))}
    </div>
  );
}

function read(text: string): Token[] {
  return new Lexer({ gfm: true })
    .lex(text)
    .filter(({ type }) => type !== 'space' && type !== 'def');
}

const Block = memo(
  ({ token }: { raw: string; token: Token }) => block(token),
  (a, b) => a.raw === b.raw,
);

function block(token: Token): ReactNode {
  const one = token as Tokens.Generic & Token;
  switch (one.type) {
    case 'heading': {
      const { depth, tokens } = one as Tokens.Heading;
      // The page has a heading of its own above these.
      const Tag = `h${Math.min(6, depth + 2)}` as 'h3';
      return <Tag>{inlines(tokens)}</Tag>;
    }
    case 'paragraph':
      return <p>{inlines(one.tokens ?? [])}</p>;
    case 'code': {
      const { text, lang } = one as Tokens.Code;
      return <Code text={text} language={lang ?? ''} />;
    }
    case 'blockquote':
      return <blockquote>{blocks(one.tokens ?? [])}</blockquote>;
    case 'list':
      return list(one as Tokens.List);
    case 'table':
      return table(one as Tokens.Table);
    case 'hr':
      return <hr />;
    case 'text':
      return one.tokens === undefined ? one.raw : inlines(one.tokens);
    default:
      return <p>{one.raw}</p>;
  }
}

function blocks(tokens: readonly Token[]): ReactNode {
  return tokens
    .filter(({ type }) => type !== 'space')
    .map((token, at) => <Block key={at} raw={token.raw} token={token} />);
}

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const lines = items.map((item, at) => (
    <li key={at} className={item.task ? 'task' : undefined}>
      {item.task && (
        <input type="checkbox" checked={item.checked === true} readOnly aria-label="task" />
      )}
      {blocks(item.tokens.filter(({ type }) => (type as string) !== 'checkbox'))}
    </li>
  ));
  return ordered ? <ol start={start === '' ? 1 : start}>{lines}</ol> : <ul>{lines}</ul>;
}

function table({ header, rows }: Tokens.Table): ReactNode {
  return (
    <div className="md-table" tabIndex={0} role="region" aria-label="table">
      <table>
        <thead>
          <tr>
            {header.map((cell, at) => (
              <th key={at}>{inlines(cell.tokens)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, line) => (
            <tr key={line}>
              {row.map((cell, at) => (
                <td key={at}>{inlines(cell.tokens)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inlines(tokens: readonly Token[]): ReactNode {
  return tokens.map((token, at) => <Inline key={at} token={token} />);
}

function Inline({ token }: { token: Token }): ReactNode {
  const one = token as Tokens.Generic & Token;
  const inside = () => (one.tokens === undefined ? text(one) : inlines(one.tokens));
  switch (one.type) {
    case 'strong':
      return <strong>{inside()}</strong>;
    case 'em':
      return <em>{inside()}</em>;
    case 'del':
      return <del>{inside()}</del>;
    case 'codespan':
      return <code>{text(one)}</code>;
    case 'br':
      return <br />;
    case 'link': {
      const address = safeLink((one as Tokens.Link).href);
      return address === null ? <span>{inside()}</span> : <Link address={address}>{inside()}</Link>;
    }
    case 'image': {
      // Asking another server for a picture would tell it who reads what.
      const { href, text: name } = one as Tokens.Image;
      const address = safeLink(href);
      const label = `picture: ${name || href}`;
      return address === null ? label : <Link address={address}>{label}</Link>;
    }
    case 'text':
    case 'escape':
      return one.tokens === undefined ? text(one) : inlines(one.tokens);
    default:
      return one.raw;
  }
}

function text(token: { type?: string; text?: string; raw: string }): string {
  const written = token.text ?? token.raw;
  return token.type === 'codespan'
    ? written
    : written.replace(names, (name) => named[name] ?? name);
}

/** Names of characters that people write where they mean the character. */
const named: { readonly [name: string]: string } = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': '\u00A0',
};
const names = /&(?:amp|lt|gt|quot|#39|nbsp);/g;

export function Link({ address, children }: { address: string; children: ReactNode }): ReactNode {
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow" title={address}>
      {children}
    </a>
  );
}
