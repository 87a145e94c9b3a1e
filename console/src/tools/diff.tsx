import { type ReactNode, useMemo } from 'react';
import { exact, oneLine } from '../text/harmless.ts';
import { LongText } from '../text/long-text.tsx';
import { useWhole, Whole } from '../text/whole.tsx';
import { type ChangedLine, changesOf } from './changes.ts';
import { DiffLines, DiffText } from './diff-lines.tsx';
import type { DiffContent } from './facts.ts';

const firstLines = 60;
const moreLines = 500;

interface DiffProps {
  diff: DiffContent;
  /** The file is named elsewhere. */
  bare?: boolean;
  /** How much is different stands elsewhere, too. */
  counted?: boolean;
}

/** A change of a file: what was there and what is there now, line by line. */
export function Diff({ diff, bare = false, counted = false }: DiffProps): ReactNode {
  const before = useWhole(diff.oldText ?? '', diff.oldBlob);
  const after = useWhole(diff.newText, diff.newBlob);
  const changes = useMemo(() => changesOf(before.text, after.text), [before.text, after.text]);
  const isPart = diff.oldBlob !== undefined || diff.newBlob !== undefined;
  return (
    <figure className="diff">
      {(!bare || !counted || isPart || diff.everywhere === true) && (
        <figcaption>
          {!bare && (
            <bdi className="diff-path" title={oneLine(diff.path, 4096)}>
              {exact(diff.path)}
            </bdi>
          )}
          {diff.oldText === null && <span>new file</span>}
          {diff.everywhere === true && <span>wherever it stands</span>}
          {changes !== null && <Counts added={changes.added} removed={changes.removed} />}
        </figcaption>
      )}
      {changes === null ? (
        <Apart before={before.text} after={after.text} />
      ) : (
        <Lines lines={changes.lines} numbers={diff.whole === true || diff.oldText === null} />
      )}
      <Whole of={before} what="what was there" />
      <Whole of={after} what="what is new" />
    </figure>
  );
}

export function Counts({ added, removed }: { added: number; removed: number }): ReactNode {
  return (
    <span className="diff-counts">
      <span className="good" aria-label={`${added} lines added`}>
        +{added}
      </span>{' '}
      <span className="bad" aria-label={`${removed} lines removed`}>
        −{removed}
      </span>
    </span>
  );
}

const signs = { same: ' ', added: '+', removed: '-', gap: '⋯' } as const;

function Lines({ lines, numbers }: { lines: readonly ChangedLine[]; numbers: boolean }): ReactNode {
  if (lines.length === 0) return <p className="fate">Nothing is different.</p>;
  return (
    <DiffLines
      lines={lines}
      first={firstLines}
      more={moreLines}
      show={({ type, from, to, spans }) => (
        <>
          {numbers && <span className="diff-number">{to ?? from}</span>}
          <span className="diff-sign">{signs[type]}</span>
          <DiffText spans={spans} />
        </>
      )}
    />
  );
}

/** Too much to be compared. */
function Apart({ before, after }: { before: string; after: string }): ReactNode {
  return (
    <>
      <div className="diff-removed">
        <LongText text={exact(before)} label="before" />
      </div>
      <div className="diff-added">
        <LongText text={exact(after)} label="after" />
      </div>
    </>
  );
}
