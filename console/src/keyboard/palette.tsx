import { Command, defaultFilter } from 'cmdk';
import { type ReactNode, useMemo, useState } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { StatusMark } from '../parts/status.tsx';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { titleOf } from '../views/list/session-line.tsx';
import { type Deed, deedsOf } from './deeds.ts';
import { paletteName, paletteWish, type PaletteProps } from './palette-dialog.tsx';
import { Keys } from './keys.tsx';

/** So many sessions are offered at once. */
const mostSessions = 12;

/** Every deed and every session by its name. */
export function Palette({ words, setWords, close }: PaletteProps): ReactNode {
  const console = useConsole();
  const [picked, setPicked] = useState('');
  const route = useCell(console.router.route);
  const rows = useCell(console.list.rows);
  const here = route.view === 'session' ? rows.get(route.session) : undefined;
  const deeds = useMemo(() => fitting(deedsOf(console, here), words), [console, here, words]);
  const sessions = useMemo(() => found(rows, words), [rows, words]);
  const exact = deeds.filter(({ text }) => isBegun(text, words));
  const rest = deeds.filter((deed) => !exact.includes(deed));
  const order = [
    ...exact.map(({ text }) => text),
    ...sessions.map(({ id }) => id),
    ...groupsOf(rest).flatMap(([, members]) => members.map(({ text }) => text)),
  ];
  const chosen = (run: () => void) => () => {
    close();
    // The dialog gives the focus back when it has gone; what is done may move it after that.
    requestAnimationFrame(run);
  };
  const choice = (deed: Deed) => (
    <Command.Item key={deed.text} value={deed.text} onSelect={chosen(deed.run)}>
      <span className="palette-text">{deed.text}</span>
      {deed.key !== undefined && <Keys of={deed.key} />}
    </Command.Item>
  );
  const open = (row: SessionRow) => () =>
    console.router.go({ view: 'session', session: row.id, seq: null });
  return (
    <Command
      label={paletteName}
      shouldFilter={false}
      loop
      // The first one, whenever that which was picked no longer fits.
      value={order.includes(picked) ? picked : (order[0] ?? '')}
      onValueChange={setPicked}
    >
      <Command.Input
        autoFocus
        className="palette-field"
        placeholder={paletteWish}
        value={words}
        onValueChange={(next) => {
          setWords(next);
          setPicked('');
        }}
      />
      <Command.List className="palette-list" label="What there is">
        <Command.Empty className="palette-empty">Nothing is called that.</Command.Empty>
        {exact.length > 0 && <Command.Group heading="To do">{exact.map(choice)}</Command.Group>}
        {sessions.length > 0 && (
          <Command.Group heading="Sessions">
            {sessions.map((row) => (
              <SessionChoice key={row.id} row={row} choose={chosen(open(row))} />
            ))}
          </Command.Group>
        )}
        {groupsOf(rest).map(([part, members]) => (
          <Command.Group key={part} heading={part}>
            {members.map(choice)}
          </Command.Group>
        ))}
      </Command.List>
    </Command>
  );
}

/** What begins with the words is meant before any session that has them. */
function isBegun(text: string, words: string): boolean {
  const begun = words.trim().toLowerCase();
  return begun !== '' && text.toLowerCase().startsWith(begun);
}

function SessionChoice({ row, choose }: { row: SessionRow; choose: () => void }): ReactNode {
  return (
    <Command.Item value={row.id} onSelect={choose}>
      <StatusMark row={row} />
      <span className="palette-text">
        <bdi>{titleOf(row)}</bdi>
      </span>
      <span className="palette-hint">{oneLine(row.cwd, 50)}</span>
    </Command.Item>
  );
}

/** Without words, those that wait for somebody and the latest ones; else those that have all of the words. */
function found(rows: ReadonlyMap<string, SessionRow>, words: string): SessionRow[] {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (row: SessionRow) => {
    const text = `${titleOf(row)} ${row.cwd} ${row.agent} ${row.id}`.toLowerCase();
    return parts.every((part) => text.includes(part));
  };
  const all = [...rows.values()].filter((row) => !row.archived && fits(row));
  const rank = (row: SessionRow) => `${row.openApprovals > 0 ? '1' : '0'}${row.lastActivityAt}`;
  return all
    .map((row) => ({ row, rank: rank(row) }))
    .sort((a, b) => (a.rank < b.rank ? 1 : a.rank > b.rank ? -1 : 0))
    .slice(0, parts.length === 0 ? 6 : mostSessions)
    .map(({ row }) => row);
}

function fitting(deeds: readonly Deed[], words: string): Deed[] {
  if (words.trim() === '') return [...deeds];
  return deeds
    .map((deed) => ({ deed, score: defaultFilter(`${deed.text} ${deed.part}`, words) }))
    .filter(({ score }) => score > 0.01)
    .sort((a, b) => b.score - a.score)
    .map(({ deed }) => deed);
}

function groupsOf(deeds: readonly Deed[]): [string, Deed[]][] {
  return [...Map.groupBy(deeds, ({ part }) => part)];
}
