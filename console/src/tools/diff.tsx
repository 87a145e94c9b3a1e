import type { ReactNode } from 'react';
import { harmless } from '../text/harmless.ts';
import { LongText } from '../text/long-text.tsx';

/** A change of a file: what was there and what is there now. */
export function Diff({
  path,
  before,
  after,
}: {
  path: string;
  before: string;
  after: string;
}): ReactNode {
  return (
    <figure className="diff">
      <figcaption>{harmless(path)}</figcaption>
      {before !== '' && (
        <div className="removed">
          <LongText text={harmless(before)} />
        </div>
      )}
      <div className="added">
        <LongText text={harmless(after)} />
      </div>
    </figure>
  );
}
