import type { ReactNode } from 'react';
import { CopyButton } from '../parts/copy-button.tsx';
import { LongText } from './long-text.tsx';

/** A block of code, as it is; its language is only told. */
export function Code({ text, language }: { text: string; language: string }): ReactNode {
  const name = /^[\w+#.-]{1,24}/.exec(language)?.[0] ?? '';
  return (
    <figure className="code">
      <figcaption>
        <span>{name}</span>
        <CopyButton text={text} />
      </figcaption>
      <LongText text={text} />
    </figure>
  );
}
