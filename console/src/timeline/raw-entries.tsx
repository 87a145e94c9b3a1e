import type { ReactNode } from 'react';
import type { Entry } from 'turnkeep/client';
import { CopyButton } from '../parts/copy-button.tsx';
import { LongText } from '../text/long-text.tsx';
import { pathOf } from '../router.ts';
import { useLog } from '../views/session/session-context.ts';

/** The entries as the log has them, with nothing taken out: control characters stand as JSON writes them. */
export function RawEntries({ entries }: { entries: readonly Entry[] }): ReactNode {
  const { id } = useLog();
  return (
    <div className="raw">
      {entries.map((entry) => (
        <figure key={entry.seq}>
          <figcaption>
            entry {entry.seq} · {entry.kind}
            <CopyButton
              text={location.origin + pathOf({ view: 'session', session: id, seq: entry.seq })}
            />
          </figcaption>
          <LongText text={escaped(entry)} />
        </figure>
      ))}
    </div>
  );
}

/** JSON leaves some characters as they are that turn the reading order of a line. */
function escaped(entry: Entry): string {
  return JSON.stringify(entry, null, 2).replace(
    /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
