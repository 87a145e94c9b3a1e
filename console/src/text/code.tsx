import type { ReactNode } from 'react';
import { CopyButton } from '../parts/copy-button.tsx';
import { languageOf } from './language.ts';
import { LongText } from './long-text.tsx';
import { useHighlighted } from './use-highlighted.ts';
import './code.css';

/** A block of code, as it is, in the colours of its language. */
export function Code({ text, language }: { text: string; language: string }): ReactNode {
  const name = /^[\w+#.-]{1,24}/.exec(language)?.[0] ?? '';
  return (
    <figure className="code">
      <figcaption>
        <span>{name}</span>
        <CopyButton text={text} />
      </figcaption>
      <Coloured text={text} language={languageOf(name)} />
    </figure>
  );
}

/** A text in the colours of a language, whose name is the highlighter's. */
export function Coloured({
  text,
  language,
  label,
}: {
  text: string;
  language: string;
  label?: string;
}): ReactNode {
  const spans = useHighlighted(text, language);
  return (
    <LongText
      text={text}
      {...(spans === undefined ? {} : { spans })}
      {...(label === undefined ? {} : { label })}
    />
  );
}
