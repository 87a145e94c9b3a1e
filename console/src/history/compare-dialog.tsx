import { type ReactNode, useMemo, useState } from 'react';
import type { Entry, SessionRow } from 'turnkeep/client';
import { pathOf } from '../router.ts';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { exactLine, oneLine } from '../text/harmless.ts';
import { titleOf } from '../views/list/session-line.tsx';
import { useAsked } from './asked.ts';
import { type Branch, parted, relatives } from './branches.ts';
import { Dialog, Problem } from './dialog.tsx';

/** Two sessions with the same beginning: what they have in common, then both. */
export default function CompareDialog({
  row,
  close,
}: {
  row: SessionRow;
  close: () => void;
}): ReactNode {
  const { list } = useConsole();
  const rows = useCell(list.rows);
  const others = useMemo(() => relatives(row, rows), [row, rows]);
  const [chosen, setChosen] = useState<string | null>(null);
  const other = others.find(({ id }) => id === chosen) ?? others[0];
  return (
    <Dialog title="Compare branches" close={close} wide>
      {other === undefined ? (
        <p>No other session here has the same beginning: fork this one to have two.</p>
      ) : (
        <>
          <label>
            With
            <select
              className="field"
              value={other.id}
              onChange={(event) => setChosen(event.target.value)}
            >
              {others.map((one) => (
                <option key={one.id} value={one.id}>
                  {titleOf(one)}
                  {one.forkedFrom === null ? '' : ` (forked after entry ${one.forkedFrom.seq})`}
                </option>
              ))}
            </select>
          </label>
          <Both key={other.id} row={row} other={other} />
        </>
      )}
    </Dialog>
  );
}

function Both({ row, other }: { row: SessionRow; other: SessionRow }): ReactNode {
  const { client } = useConsole();
  const key = `${row.id}:${other.id}:${row.lastSeq}:${other.lastSeq}`;
  const asked = useAsked(key, (signal) => parted(client, [row, other], signal));
  if (asked.state === 'refused') return <Problem text={oneLine(asked.message, 400)} />;
  if (asked.state === 'asking') return <p className="hint">Reading both …</p>;
  const { common, sides } = asked.value;
  return (
    <>
      <p>
        {common === null ? (
          'They have nothing in common.'
        ) : (
          <>
            The same up to{' '}
            <EntryLink session={common.session} seq={common.seq}>
              entry {common.seq}
            </EntryLink>
            ; from there on:
          </>
        )}
      </p>
      <div className="sides">
        <Side name={`This: ${titleOf(row)}`} branch={sides[0]} />
        <Side name={titleOf(other)} branch={sides[1]} />
      </div>
    </>
  );
}

function Side({ name, branch }: { name: string; branch: Branch }): ReactNode {
  const lines = branch.entries.flatMap(({ session, entry }) => {
    const text = textOf(entry);
    return text === null ? [] : [{ session, entry, text }];
  });
  return (
    <section className="side-of" aria-label={name}>
      <h3>{name}</h3>
      {lines.length === 0 && <p className="hint">Nothing more.</p>}
      <ol>
        {lines.map(({ session, entry, text }) => (
          <li key={entry.id} className={`of-${entry.kind}`}>
            <EntryLink session={session} seq={entry.seq}>
              {names[entry.kind] ?? entry.kind}
            </EntryLink>
            <p dir="auto">{text}</p>
          </li>
        ))}
      </ol>
      {branch.more && <p className="hint">It goes on: open it to read the rest.</p>}
    </section>
  );
}

function EntryLink({
  session,
  seq,
  children,
}: {
  session: string;
  seq: number;
  children: ReactNode;
}): ReactNode {
  const { router } = useConsole();
  const to = { view: 'session', session, seq } as const;
  return (
    <a
      href={pathOf(to)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        router.go(to);
      }}
    >
      {children}
    </a>
  );
}

const names: Partial<Record<Entry['kind'], string>> = {
  delivery: 'you',
  message: 'agent',
  tool_call: 'tool',
  run_ended: 'end',
};

/** What an entry says, in short; null for those that say nothing of the conversation. */
function textOf(entry: Entry): string | null {
  switch (entry.kind) {
    case 'delivery': {
      const content = entry.data.primed === true ? entry.data.content.slice(1) : entry.data.content;
      return wordsOf(content);
    }
    case 'message':
      return wordsOf(entry.data.content);
    case 'tool_call':
      return entry.about === undefined ? exactLine(entry.data.title, 300) : null;
    case 'run_ended':
      return entry.data.outcome;
    case 'reset':
      return 'a new conversation';
    case 'compaction':
      return 'compacted';
    default:
      return null;
  }
}

function wordsOf(content: readonly { type: string; text?: string }[]): string {
  const words = content.map((block) => block.text ?? `(${block.type})`).join(' ');
  return oneLine(words, 600);
}
