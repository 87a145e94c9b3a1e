import type { ReactNode } from 'react';
import type { Entry } from 'turnkeep/client';
import { ForkHere } from '../history/entry-actions.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { escapedJson } from '../text/harmless.ts';
import { LongText } from '../text/long-text.tsx';
import { pathOf, type Route } from '../router.ts';
import { placeOf } from '../state/log-window.ts';
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
            <ForkHere session={id} entry={entry} />
            <CopyButton text={location.origin + pathOf(routeOf(id, entry))} />
          </figcaption>
          <LongText text={escapedJson(JSON.stringify(entry, null, 2))} />
        </figure>
      ))}
    </div>
  );
}

function routeOf(session: string, entry: Entry): Route {
  const { base, seq } = placeOf(entry);
  return { view: 'session', session, seq, ...(base === null ? {} : { base }) };
}
