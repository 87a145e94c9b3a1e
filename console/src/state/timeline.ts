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
  /** Of a run: when the one before it began, as far as that is in the window. */
  after: string | null;
  /** Of the end of a run: whether it changed files, or may have, where not all of it is in the window. */
  changed: boolean;
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

/** Deeper than this sub-agents of sub-agents stand beside each other. */
const mostDepth = 8;

/**
 * Puts the entries of a window together. What is appended to the window is added to what there is; another window
 * is put together anew. An item that has not changed stays the same object.
 */
export class ItemFold {
  #entries: readonly Entry[] = [];
  #folding = new Folding();
  #before: ReadonlyMap<string, Item> = new Map();

  items(entries: readonly Entry[], partials: readonly PartialText[]): readonly Item[] {
    const { length } = this.#entries;
    const goesOn =
      length > 0 && entries[0] === this.#entries[0] && entries[length - 1] === this.#entries.at(-1);
    if (!goesOn) {
      this.#before = this.#folding.known();
      this.#folding = new Folding();
    }
    for (const entry of goesOn ? entries.slice(length) : entries) this.#folding.add(entry);
    this.#entries = entries;
    const items = this.#folding.items(partials, this.#before);
    this.#before = none;
    return items;
  }
}

const none: ReadonlyMap<string, Item> = new Map();

/** The item as it was, where nothing of it has changed. */
function kept(item: Item, old: Item | undefined): Item {
  return old !== undefined && isSame(old, item) ? old : item;
}

function isSame(a: Item, b: Item): boolean {
  return (
    a.type === b.type &&
    a.partial === b.partial &&
    a.after === b.after &&
    a.changed === b.changed &&
    a.entries.length === b.entries.length &&
    a.entries.every((entry, at) => entry === b.entries[at]) &&
    a.children.length === b.children.length &&
    a.children.every((child, at) => child === b.children[at])
  );
}

/** An item that is being put together. */
interface Draft {
  readonly key: string;
  readonly type: ItemType;
  readonly entries: Entry[];
  readonly parentCall: string | null;
  readonly children: Draft[];
  /** The tool call in whose card it is. */
  readonly within: Draft | null;
  readonly depth: number;
  after: string | null;
  changed: boolean;
  shown: boolean;
  /** Texts in progress in its card. */
  texts: readonly Item[];
  /** As it is shown; null since it has changed. */
  item: Item | null;
}

class Folding {
  readonly #tops: Draft[] = [];
  readonly #byKey = new Map<string, Draft>();
  /** By the agent's id of the tool call. */
  readonly #calls = new Map<string, Draft>();
  /** Runs that changed files, and the ends of runs, by their ids. */
  readonly #changing = new Set<string>();
  readonly #ends = new Map<string, Draft>();
  #lastStart: string | null = null;
  #texts = new Map<string, Item>();
  #speaking = new Set<Draft>();

  /** All items by their keys, as they were last shown. */
  known(): Map<string, Item> {
    const known = new Map(this.#texts);
    for (const { key, item } of this.#byKey.values()) if (item !== null) known.set(key, item);
    return known;
  }

  items(partials: readonly PartialText[], before: ReadonlyMap<string, Item>): Item[] {
    const own = this.#speak(partials, before);
    return [...this.#shown(this.#tops, before), ...own];
  }

  #shown(drafts: readonly Draft[], before: ReadonlyMap<string, Item>): Item[] {
    const items: Item[] = [];
    for (const draft of drafts) {
      if (!draft.shown) continue;
      draft.item ??= kept(this.#itemOf(draft, before), before.get(draft.key));
      items.push(draft.item);
    }
    return items;
  }

  #itemOf(draft: Draft, before: ReadonlyMap<string, Item>): Item {
    const { key, type, entries, parentCall, after, changed } = draft;
    const children = [...this.#shown(draft.children, before), ...draft.texts];
    const made = { key, type, entries: [...entries], partial: false, parentCall, children };
    return { ...made, after, changed };
  }

  /** Puts texts in progress into the cards of their sub-agents; answers those of the agent itself. */
  #speak(partials: readonly PartialText[], before: ReadonlyMap<string, Item>): Item[] {
    const texts = new Map<string, Item>();
    const own: Item[] = [];
    const within = new Map<Draft, Item[]>();
    for (const { entryId: key, part, parentCall } of partials) {
      if (this.#byKey.get(key)?.shown === true) continue;
      const type = part === 'text' ? 'message' : 'thought';
      const empty = { entries: [], children: [], after: null, changed: false };
      const made: Item = { key, type, partial: true, parentCall, ...empty };
      const text = kept(made, this.#texts.get(key) ?? before.get(key));
      texts.set(key, text);
      const around = parentCall === null ? undefined : this.#calls.get(parentCall);
      if (around === undefined) own.push(text);
      else within.set(around, [...(within.get(around) ?? []), text]);
    }
    for (const draft of new Set([...this.#speaking, ...within.keys()])) {
      const said = within.get(draft) ?? [];
      if (said.length === draft.texts.length && said.every((text, at) => text === draft.texts[at]))
        continue;
      draft.texts = said;
      this.#touch(draft);
    }
    this.#texts = texts;
    this.#speaking = new Set(within.keys());
    return own;
  }

  /** It has changed, and so have the cards that it is in. */
  #touch(draft: Draft): void {
    for (let at: Draft | null = draft; at !== null; at = at.within) at.item = null;
  }

  add(entry: Entry): void {
    switch (entry.kind) {
      case 'prompt':
        // It is shown where it was delivered; until then it is in the queue, unless it was sent at once to steer.
        return this.#begin('prompt', entry, { shown: entry.data.delivery === 'steer' });
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
        return this.#ended(entry);
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
        return this.#snapshot(entry);
      default:
        if (!silent.has(entry.kind)) this.#begin('note', entry);
    }
  }

  #begin(type: ItemType, entry: Entry, { key = entry.id, shown = true } = {}): void {
    const parentCall = entry.parentCall ?? null;
    const around = parentCall === null ? undefined : this.#calls.get(parentCall);
    // What came of a tool call stands in it; where the call lies before the window, it stands by itself.
    const within = around === undefined ? null : around.depth < mostDepth ? around : around.within;
    const draft: Draft = {
      key,
      type,
      entries: [entry],
      parentCall,
      children: [],
      within,
      depth: within === null ? 0 : within.depth + 1,
      after: null,
      changed: false,
      shown,
      texts: [],
      item: null,
    };
    (within?.children ?? this.#tops).push(draft);
    this.#byKey.set(key, draft);
    if (entry.kind === 'tool_call' && !this.#calls.has(entry.data.call))
      this.#calls.set(entry.data.call, draft);
    this.#touch(draft);
  }

  #add(draft: Draft, entry: Entry): void {
    draft.entries.push(entry);
    this.#touch(draft);
  }

  #show(draft: Draft, shown: boolean): void {
    draft.shown = shown;
    this.#touch(draft);
  }

  /** A later state of what `about` names; what that was may lie before the window. */
  #continue(entry: Entry, type: ItemType): void {
    const draft = entry.about === undefined ? undefined : this.#byKey.get(entry.about);
    if (draft !== undefined) this.#add(draft, entry);
    else this.#begin(type, entry, { key: entry.about ?? entry.id });
  }

  #delivered(entry: EntryOf<'delivery'> & Entry): void {
    const prompt = entry.about === undefined ? undefined : this.#byKey.get(entry.about);
    if (prompt === undefined) return this.#begin('prompt', entry);
    // It moves to where the agent got it, and keeps its key, so that nothing flickers.
    const beside = prompt.within?.children ?? this.#tops;
    beside.splice(beside.lastIndexOf(prompt), 1);
    beside.push(prompt);
    this.#add(prompt, entry);
    this.#show(prompt, true);
  }

  #started(entry: EntryOf<'run_started'> & Entry): void {
    for (const id of entry.data.prompts) {
      const prompt = this.#byKey.get(id);
      if (prompt !== undefined) this.#show(prompt, true);
    }
    const key = `run:${entry.runId ?? entry.id}`;
    this.#begin('run', entry, { key });
    const run = this.#byKey.get(key);
    if (run !== undefined) run.after = this.#lastStart;
    this.#lastStart = entry.at;
  }

  #ended(entry: Entry): void {
    this.#ofRun(entry);
    this.#begin('end', entry);
    const end = this.#byKey.get(entry.id);
    if (end === undefined || entry.runId === undefined) return;
    const whole = this.#byKey.has(`run:${entry.runId}`);
    end.changed = !whole || this.#changing.has(entry.runId);
    this.#ends.set(entry.runId, end);
  }

  /** A file that a run changed; it may be told after the run's end. */
  #snapshot({ data, runId }: EntryOf<'snapshot'> & Entry): void {
    const run = data.run ?? runId;
    if (run === undefined || data.change === 'read' || data.change === 'unchanged') return;
    this.#changing.add(run);
    const end = this.#ends.get(run);
    if (end === undefined || end.changed) return;
    end.changed = true;
    this.#touch(end);
  }

  /** What a run used, and its end, for the line at its head. */
  #ofRun(entry: Entry): void {
    const run = entry.runId === undefined ? undefined : this.#byKey.get(`run:${entry.runId}`);
    if (run !== undefined) this.#add(run, entry);
  }

  #queue(entry: EntryOf<'queue'> & Entry): void {
    const prompt = entry.about === undefined ? undefined : this.#byKey.get(entry.about);
    if (prompt === undefined) {
      if (entry.about === undefined) this.#begin('note', entry);
      return;
    }
    this.#add(prompt, entry);
    const over = ['withdrawn', 'indeterminate'].includes(entry.data.change);
    if (over) this.#show(prompt, true);
    if (entry.data.change === 'requeued') this.#show(prompt, false);
  }

  /** The plan of a run is one item, wherever it is told again. */
  #plan(entry: EntryOf<'plan'> & Entry): void {
    const key = `plan:${entry.runId ?? entry.id}:${entry.parentCall ?? ''}`;
    const known = this.#byKey.get(key);
    if (known === undefined) this.#begin('plan', entry, { key });
    else this.#add(known, entry);
  }
}

/** Kinds that only programs read. */
const silent: ReadonlySet<string> = new Set(['native']);
