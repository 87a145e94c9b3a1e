import type { SessionRow } from '../../domain/row.ts';
import type { SessionStatus } from '../../domain/session-state.ts';
import { cleanAll, oneLine } from '../clean.ts';
import type { Look, Style } from './look.ts';
import { renderAge, renderMoney, shortCount } from './measure.ts';
import { countdown, leftOf } from './policy.ts';
import { cutTo, widthOf } from './width.ts';

/** What a list is shown with. `now` in milliseconds. */
export interface ListView {
  now: number;
  /** Written as ~ where directories are in it. */
  home: string | undefined;
  look: Look;
  /** How many children sessions have, where that is known: those that are not shown are counted. */
  children?: { readonly [session: string]: number };
  /** Id of the session that is pointed at. */
  chosen?: string | undefined;
}

/** A line and the session that it is about, null for a directory's. */
export interface ListLine {
  session: string | null;
  text: string;
}

const glyphs: Record<SessionStatus, string> = {
  draft: '◌',
  idle: '○',
  starting: '◔',
  working: '●',
  waiting: '?',
  stopping: '◼',
  stalled: '!',
  readonly: '↗',
};

type Paint = keyof Style;
const paints: Record<SessionStatus, Paint | null> = {
  draft: 'dim',
  idle: null,
  starting: 'green',
  working: 'green',
  waiting: 'yellow',
  stopping: 'yellow',
  stalled: 'red',
  readonly: 'dim',
};

/** Characters of an id that are shown: enough to tell when it was made to the millisecond. */
const idLength = 13;
const leastTitle = 16;

/** Sessions by directory, children under their parents, in the order of the rows. */
export function renderList(rows: readonly SessionRow[], view: ListView): ListLine[] {
  const shown = rows.map((row) => cleanAll(row));
  const ids = new Set(shown.map(({ id }) => id));
  const below = Map.groupBy(shown, ({ parent }) => parent ?? '');
  const roots = shown.filter(({ parent }) => parent === null || !ids.has(parent));
  const lines: ListLine[] = [];
  for (const [heading, group] of Map.groupBy(roots, (row) => headingOf(row, view.home))) {
    const place = cutStart(heading, view.look.columns);
    lines.push({ session: null, text: view.look.style.underline(place) });
    for (const row of group) {
      lines.push(...branch(row, { view, below, cwd: row.cwd, lead: '', rest: '' }));
    }
  }
  return lines;
}

/** One that was written elsewhere has no directory here. */
function headingOf({ cwd, originCwd }: SessionRow, home: string | undefined): string {
  if (cwd !== '') return shortPath(cwd, home);
  return originCwd === null ? 'elsewhere' : `elsewhere: ${originCwd}`;
}

interface Place {
  view: ListView;
  below: ReadonlyMap<string, readonly SessionRow[]>;
  cwd: string;
  /** Before the first line, and before those after it. */
  lead: string;
  rest: string;
}

function branch(row: SessionRow, place: Place): ListLine[] {
  const children = place.below.get(row.id) ?? [];
  const lines = sessionLines(row, place, children.length).map((text) => ({
    session: row.id,
    text,
  }));
  const below = children.flatMap((child, at) => {
    const last = at === children.length - 1;
    const lead = `${place.rest}${last ? '└ ' : '├ '}`;
    return branch(child, { ...place, lead, rest: `${place.rest}${last ? '  ' : '│ '}` });
  });
  return [...lines, ...below];
}

function sessionLines(row: SessionRow, { view, lead, rest, cwd }: Place, shown: number): string[] {
  const { style, columns } = view.look;
  const paint = paints[row.status];
  const coloured = (text: string) => (paint === null ? text : style[paint](text));
  const id = row.id.slice(0, idLength);
  const head = `${lead}${glyphs[row.status]} ${id}  `;
  const title = oneLine(row.title ?? row.key ?? '(no title)', 200);
  const facts = factsOf(row, { view, cwd, shown });
  const factsWidth = widthOf(facts.map(({ text }) => text).join(' · '));
  const besides = columns - widthOf(head) - factsWidth - 2;
  const fits = besides >= Math.min(leastTitle, widthOf(title));
  const name = cutTo(title, fits ? besides : columns - widthOf(head));
  const first = `${lead === '' ? '' : style.dim(lead)}${coloured(glyphs[row.status])} ${style.dim(id)}  ${pointed(row, name, view)}`;
  const room = ' '.repeat(Math.max(2, besides + 2 - widthOf(name)));
  const margin = `${rest}  `;
  const lines = fits
    ? [`${first}${room}${joined(facts, style)}`]
    : [
        first,
        ...wrapped(facts, columns - widthOf(margin), style).map((line) => style.dim(margin) + line),
      ];
  const message = oneLine(row.lastMessage ?? '', 400);
  if (message !== '') lines.push(style.dim(margin + cutTo(message, columns - widthOf(margin))));
  return lines;
}

function pointed(row: SessionRow, name: string, { chosen, look }: ListView): string {
  return chosen === row.id ? `\u001B[7m${name}\u001B[27m` : look.style.bold(name);
}

interface Fact {
  text: string;
  paint: Paint;
}

/** Of one that is only read here: where it goes on. */
function statusText({ status, writer }: SessionRow): string {
  if (status !== 'readonly' || writer.to === null) return status;
  return `${writer.state} to ${oneLine(writer.to.url, 80)}`;
}

function factsOf(
  row: SessionRow,
  { view, cwd, shown }: { view: ListView; cwd: string; shown: number },
): Fact[] {
  const since = row.activeRun?.startedAt ?? row.lastActivityAt;
  const { usage } = row;
  const tokens = usage.input + usage.output + usage.cacheRead + usage.cacheWrite;
  const bad = row.activeRun === null && row.lastRun !== null && row.lastRun.outcome !== 'completed';
  const hidden = (view.children?.[row.id] ?? shown) - shown;
  const facts: [string | null, Paint][] = [
    [row.openApprovals > 0 ? plural(row.openApprovals, 'question') : null, 'yellow'],
    [`${statusText(row)} ${renderAge(since, view.now)}`, paints[row.status] ?? 'dim'],
    [bad ? row.lastRun!.outcome : null, 'red'],
    [bypassFact(row, view.now), 'red'],
    [row.policy.autoAcceptEdits ? 'edits' : null, 'yellow'],
    [row.queued > 0 ? `${row.queued} ${row.held ? 'held' : 'queued'}` : null, 'cyan'],
    [hidden > 0 ? `+${plural(hidden, 'child', 'children')}` : null, 'dim'],
    [row.archived ? 'archived' : null, 'dim'],
    [row.deletedAt === null ? null : `deleted ${renderAge(row.deletedAt, view.now)} ago`, 'red'],
    [row.label === null ? null : oneLine(row.label, 24), 'magenta'],
    [row.cwd === cwd ? null : cutStart(shortPath(row.cwd, view.home), 32), 'dim'],
    [oneLine(row.agent, 24), 'dim'],
    [tokens === 0 ? null : `${shortCount(tokens)} tok`, 'dim'],
    [row.cost === null ? null : renderMoney(row.cost), 'dim'],
  ];
  return facts.flatMap(([text, paint]) => (text === null ? [] : [{ text, paint }]));
}

function bypassFact({ policy }: SessionRow, now: number): string | null {
  const left = leftOf(policy.bypassUntil, now);
  return left === null ? null : `bypass ${countdown(left)}`;
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function joined(facts: readonly Fact[], style: Style): string {
  return facts.map(({ text, paint }) => style[paint](text)).join(style.dim(' · '));
}

/** Facts on as many lines as they need. */
function wrapped(facts: readonly Fact[], columns: number, style: Style): string[] {
  const lines: Fact[][] = [];
  let width = Number.POSITIVE_INFINITY;
  for (const fact of facts) {
    const text = cutTo(fact.text, columns);
    const more = widthOf(text) + 3;
    if (width + more > columns) {
      lines.push([]);
      width = -3;
    }
    lines.at(-1)!.push({ ...fact, text });
    width += more;
  }
  return lines.map((line) => joined(line, style));
}

function shortPath(path: string, home: string | undefined): string {
  const text = oneLine(path, 1000);
  if (home === undefined || home === '' || home === '/') return text;
  if (text === home) return '~';
  return text.startsWith(`${home}/`) ? `~${text.slice(home.length)}` : text;
}

/** The end of a path says more than its beginning. */
function cutStart(path: string, columns: number): string {
  if (widthOf(path) <= columns) return path;
  let cut = path;
  while (cut !== '' && widthOf(cut) > columns - 1) cut = cut.slice(1);
  return `…${cut}`;
}
