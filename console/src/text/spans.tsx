import type { ReactNode } from 'react';

/** Text with a class of its own: colours of code and of terminals. Classes are ours, never an agent's. */
export type Span = readonly [text: string, className: string];

export function Spans({ spans }: { spans: readonly Span[] }): ReactNode {
  return spans.map(([text, name], at) =>
    name === '' ? (
      text
    ) : (
      <span key={at} className={name}>
        {text}
      </span>
    ),
  );
}

/** The spans from one place of their text up to another. */
export function part(spans: readonly Span[], from: number, to: number): Span[] {
  const found: Span[] = [];
  let at = 0;
  for (const [text, name] of spans) {
    if (at >= to) break;
    const piece = text.slice(Math.max(0, from - at), to - at);
    if (piece !== '') found.push([piece, name]);
    at += text.length;
  }
  return found;
}
