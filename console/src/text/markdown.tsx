import type { Token, Tokens } from 'marked';
import { memo, type ReactNode, useState } from 'react';
import { Code } from './code.tsx';
import { safeLink } from './harmless.ts';
import { LongText } from './long-text.tsx';
import { useBlocks } from './use-blocks.ts';
import './markdown.css';

/** So much of one thing is shown at first; the rest when somebody asks. */
const mostBlocks = 300;
const mostRows = 200;
const mostColumns = 60;
const mostWords = 6000;
/** What is nested deeper is shown as it was written. */
const mostDepth = 16;

/**
 * Markdown as elements. What is HTML in it stays text: nothing is ever parsed as markup, so nothing can be
 * smuggled in. Only blocks that have changed render again, which is the last one while a text streams.
 */
export function Markdown({
  text,
  streaming = false,
}: {
  text: string;
  streaming?: boolean;
}): ReactNode {
  const { blocks, rest } = useBlocks(text, streaming);
  const [most, setMost] = useState(mostBlocks);
  const left = streaming ? 0 : blocks.length - most;
  return (
    <div className="md" dir="auto">
      {(left > 0 ? blocks.slice(0, most) : blocks).map((token, at) => (
        <Block key={at} raw={token.raw} token={token} depth={0} />
      ))}
      {left > 0 && <More left={left} what="blocks" show={() => setMost(most + mostBlocks)} />}
      {rest !== '' && <LongText text={rest} end="last" follows={streaming} wraps />}
    </div>
  );
}

function More({ left, what, show }: { left: number; what: string; show: () => void }): ReactNode {
  return (
    <button type="button" className="quiet more" onClick={show}>
      {left.toLocaleString()} more {what}
    </button>
  );
}

const Block = memo(
  ({ token, depth }: { raw: string; token: Token; depth: number }) => block(token, depth),
  (a, b) => a.raw === b.raw,
);

function block(token: Token, depth: number): ReactNode {
  if (depth > mostDepth) return <Words text={token.raw} />;
  const one = token as Tokens.Generic & Token;
  switch (one.type) {
    case 'heading': {
      const { depth, tokens } = one as Tokens.Heading;
      // The page has a heading of its own above these.
      const Tag = `h${Math.min(6, depth + 2)}` as 'h3';
      return <Tag dir="auto">{inlines(tokens)}</Tag>;
    }
    case 'paragraph':
      return <p dir="auto">{inlines(one.tokens ?? [])}</p>;
    case 'code': {
      const { text, lang } = one as Tokens.Code;
      return <Code text={text} language={lang ?? ''} />;
    }
    case 'blockquote':
      return <blockquote dir="auto">{blocks(one.tokens ?? [], depth + 1)}</blockquote>;
    case 'list':
      return <List list={one as Tokens.List} depth={depth + 1} />;
    case 'table':
      return <Table table={one as Tokens.Table} />;
    case 'hr':
      return <hr />;
    case 'text':
      return one.tokens === undefined ? <Words text={one.raw} /> : inlines(one.tokens);
    default:
      return (
        <p>
          <Words text={one.raw} />
        </p>
      );
  }
}

function blocks(tokens: readonly Token[], depth: number): ReactNode {
  return tokens
    .filter(({ type }) => type !== 'space')
    .map((token, at) => <Block key={at} raw={token.raw} token={token} depth={depth} />);
}

function List({ list, depth }: { list: Tokens.List; depth: number }): ReactNode {
  const [most, setMost] = useState(mostRows);
  const { ordered, start, items } = list;
  const lines = items.slice(0, most).map((item, at) => (
    <li key={at} dir="auto" className={item.task ? 'task' : undefined}>
      {item.task && (
        <input type="checkbox" checked={item.checked === true} readOnly aria-label="task" />
      )}
      {blocks(
        item.tokens.filter(({ type }) => (type as string) !== 'checkbox'),
        depth,
      )}
    </li>
  ));
  const left = items.length - most;
  return (
    <>
      {ordered ? <ol start={start === '' ? 1 : start}>{lines}</ol> : <ul>{lines}</ul>}
      {left > 0 && <More left={left} what="items" show={() => setMost(most + mostRows)} />}
    </>
  );
}

function Table({ table: { header, rows } }: { table: Tokens.Table }): ReactNode {
  const [most, setMost] = useState(mostRows);
  const left = rows.length - most;
  const hidden = header.length - mostColumns;
  return (
    <>
      <div className="md-table" tabIndex={0} role="region" aria-label="table">
        <table>
          <thead>
            <tr>
              {header.slice(0, mostColumns).map((cell, at) => (
                <th key={at}>{inlines(cell.tokens)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map((row, line) => (
              <tr key={line}>
                {row.slice(0, mostColumns).map((cell, at) => (
                  <td key={at}>{inlines(cell.tokens)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {hidden > 0 && <p className="fate">{hidden.toLocaleString()} columns are not shown.</p>}
      {left > 0 && <More left={left} what="rows" show={() => setMost(most + mostRows)} />}
    </>
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
      return one.tokens === undefined ? <Words text={text(one)} /> : inlines(one.tokens);
    default:
      return one.raw;
  }
}

/** Words without a space are laid out in a time that grows with the square of their length. */
function Words({ text: words }: { text: string }): ReactNode {
  const [most, setMost] = useState(mostWords);
  const left = words.length - most;
  if (left <= 0) return words;
  return (
    <>
      {words.slice(0, most)}
      <More left={left} what="characters" show={() => setMost(most * 4)} />
    </>
  );
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
