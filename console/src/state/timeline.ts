import type { Entry, EntryOf } from 'turnkeep/client';

/**
 * What a person sees of a log: entries that belong together are one item. `entries[0]` is the one that began it,
 * the others are what came of it (later states of a tool call, the decision of an approval).
 */
export interface Item {
  /** Id of the entry; a text in progress has the id of the entry that it will be. */
  key: string;
  type: ItemType;
  entries: readonly Entry[];
  /** The text is still being produced: it is in the cell of the partials. */
  partial: boolean;
  /** The tool call of the sub-agent that it is from. */
  parentCall: string | null;
  /** Of a tool call: what the sub-agent did that it started, as far as it is in the window. */
  children: readonly Item[];
}

export type ItemType =
  | 'run'
  | 'prompt'
  | 'message'
  | 'thought'
  | 'tool'
  | 'approval'
  | 'question'
  | 'plan'
  | 'end'
  | 'note';

export interface PartialText {
  entryId: string;
  part: 'text' | 'thought';
  parentCall: string | null;
}

/** Puts the entries of a window together. Items that have not changed stay the same objects. */
export function itemsOf(
  entries: readonly Entry[],
  partials: readonly PartialText[],
  before: ReadonlyMap<string, Item>,
): Item[] {
  const folding = new Folding();
  for (const entry of entries) folding.add(entry);
  const items = folding.items();
  const known = new Set(items.map(({ key }) => key));
  for (const { entryId, part, parentCall } of partials) {
    if (known.has(entryId)) continue;
    const type = part === 'text' ? 'message' : 'thought';
    items.push({ key: entryId, type, entries: [], partial: true, parentCall, children: [] });
  }
  return nestedIn(items).map((item) => kept(item, before.get(item.key)));
}

/** What came of a tool call stands in it; where the call lies before the window, it stands by itself. */
function nestedIn(items: readonly Item[]): Item[] {
  const calls = new Map<string, Item & { children: Item[] }>();
  const tops: Item[] = [];
  for (const one of items) {
    const item = { ...one, children: [] };
    const [first] = item.entries;
    const around = item.parentCall === null ? undefined : calls.get(item.parentCall);
    if (around === undefined) tops.push(item);
    else around.children.push(item);
    if (first?.kind === 'tool_call' && !calls.has(first.data.call))
      calls.set(first.data.call, item);
  }
  return tops;
}

/** The item as it was, where nothing of it has changed. */
function kept(item: Item, old: Item | undefined): Item {
  if (old === undefined) return item;
  const olds = new Map(old.children.map((child) => [child.key, child]));
  const children = item.children.map((child) => kept(child, olds.get(child.key)));
  const next = { ...item, children };
  return isSame(old, next) ? old : next;
}

function isSame(a: Item, b: Item): boolean {
  return (
    a.type === b.type &&
    a.partial === b.partial &&
    a.entries.length === b.entries.length &&
    a.entries.every((entry, at) => entry === b.entries[at]) &&
    a.children.length === b.children.length &&
    a.children.every((child, at) => child === b.children[at])
  );
}

interface Draft extends Item {
  entries: Entry[];
  shown: boolean;
}

class Folding {
  readonly #order: Draft[] = [];
  readonly #byKey = new Map<string, Draft>();

  items(): Item[] {
    return this.#order.filter(({ shown }) => shown).map(({ shown: _shown, ...item }) => item);
  }

  add(entry: Entry): void {
    switch (entry.kind) {
      case 'prompt':
        // It is shown where it was delivered; until then it is in the queue.
        return this.#begin('prompt', entry, { shown: false });
      case 'delivery':
        return this.#delivered(entry);
      case 'message':
      case 'thought':
        return this.#begin(entry.kind, entry);
      case 'tool_call':
        return this.#continue(entry, 'tool');
      case 'approval':
        return this.#begin('approval', entry);
      case 'question':
        return this.#begin('question', entry);
      case 'decision':
        return this.#continue(entry, 'approval');
      case 'answer':
        return this.#continue(entry, 'question');
      case 'plan':
        return this.#plan(entry);
      case 'run_started':
        return this.#started(entry);
      case 'run_ended':
        this.#ofRun(entry);
        return this.#begin('end', entry);
      case 'queue':
        return this.#queue(entry);
      case 'host':
        if (entry.data.error !== undefined) this.#begin('note', entry);
        return;
      case 'settings':
        // The one with the agent is how the session was made.
        if (entry.data.from === 'client' && entry.data.changes.agent === undefined)
          this.#begin('note', entry);
        return;
      case 'usage':
        return this.#ofRun(entry);
      case 'snapshot':
        return;
      default:
        if (!silent.has(entry.kind)) this.#begin('note', entry);
    }
  }

  #begin(type: ItemType, entry: Entry, { key = entry.id, shown = true } = {}): void {
    const item: Draft = {
      key,
      type,
      entries: [entry],
      partial: false,
      parentCall: entry.parentCall ?? null,
      children: [],
      shown,
    };
    this.#order.push(item);
    this.#byKey.set(key, item);
  }

  /** A later state of what `about` names; what that was may lie before the window. */
  #continue(entry: Entry, type: ItemType): void {
    const item = entry.about === undefined ? undefined : this.#byKey.get(entry.about);
    if (item !== undefined) item.entries.push(entry);
    else this.#begin(type, entry, { key: entry.about ?? entry.id });
  }

  #delivered(entry: EntryOf<'delivery'> & Entry): void {
    const prompt = entry.about === undefined ? undefined : this.#byKey.get(entry.about);
    if (prompt === undefined) return this.#begin('prompt', entry);
    // It moves to where the agent got it, and keeps its key, so that nothing flickers.
    this.#order.splice(this.#order.indexOf(prompt), 1);
    this.#order.push(prompt);
    prompt.entries.push(entry);
    prompt.shown = true;
  }

  #started(entry: EntryOf<'run_started'> & Entry): void {
    for (const id of entry.data.prompts) {
      const prompt = this.#byKey.get(id);
      if (prompt !== undefined) prompt.shown = true;
    }
    this.#begin('run', entry, { key: `run:${entry.runId ?? entry.id}` });
  }

  /** What a run used, and its end, for the line at its head. */
  #ofRun(entry: Entry): void {
    const run = entry.runId === undefined ? undefined : this.#byKey.get(`run:${entry.runId}`);
    run?.entries.push(entry);
  }

  #queue(entry: EntryOf<'queue'> & Entry): void {
    const prompt = entry.about === undefined ? undefined : this.#byKey.get(entry.about);
    if (prompt === undefined) {
      if (entry.about === undefined) this.#begin('note', entry);
      return;
    }
    prompt.entries.push(entry);
    const over = ['withdrawn', 'indeterminate'].includes(entry.data.change);
    if (over) prompt.shown = true;
    if (entry.data.change === 'requeued') prompt.shown = false;
  }

  /** The plan of a run is one item, wherever it is told again. */
  #plan(entry: EntryOf<'plan'> & Entry): void {
    const key = `plan:${entry.runId ?? entry.id}:${entry.parentCall ?? ''}`;
    const known = this.#byKey.get(key);
    if (known === undefined) this.#begin('plan', entry, { key });
    else known.entries.push(entry);
  }
}

/** Kinds that only programs read. */
const silent: ReadonlySet<string> = new Set(['native']);
