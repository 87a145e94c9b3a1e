import { meaningOf } from '../keyboard/shortcut.ts';
import { focusOn } from '../keyboard/walk.ts';
import type { Cell } from '../state/cell.ts';
import { hasMoved, type Place, placeOf } from './place.ts';

/** So long a question has to stand still before anything decides it: a key or a click was meant for what was there before. */
const guardMs = 500;
/** So often it is looked whether one has moved. */
const lookMs = 100;

/** What a key does to the question that is meant; nothing where it would be another thing than what is on the screen. */
export interface DecideKeys {
  allow?: () => void;
  deny?: () => void;
}

/** `new` has never been there for long enough; a key decides the one that is `meant`, and not before it is `keyed`. */
export interface CardState {
  phase: 'new' | 'moved' | 'still';
  meant: boolean;
  keyed: boolean;
}

export const unseen: CardState = { phase: 'new', meant: false, keyed: false };

/** A question on the page. */
export interface Card {
  readonly element: HTMLElement;
  readonly keys: () => DecideKeys;
  readonly state: Cell<CardState>;
}

interface Watched extends Card {
  place: Place;
  /** Since when it stands where it is. */
  since: number;
  /** Since when a key would decide it. */
  meantSince: number;
  /** Somebody decides it here, with the focus in it. */
  leaves: boolean;
}

/**
 * All questions on the page, and what may decide them. A click counts where a question has stood still, a key where it
 * has been the meant one for as long: the one with the focus, else the only one there is. Whoever presses too early
 * waits anew, so that no hammering goes on to the next.
 */
export class Guard {
  readonly #letters: Cell<boolean>;
  readonly #cards = new Map<HTMLElement, Watched>();
  #meant: Watched | null = null;
  #written = Number.NEGATIVE_INFINITY;
  #stop: AbortController | null = null;

  constructor(letters: Cell<boolean>) {
    this.#letters = letters;
  }

  /** Watches a question until the returned function is called. */
  add(card: Card): () => void {
    const { element } = card;
    const now = performance.now();
    const place = placeOf(element);
    this.#cards.set(element, { ...card, place, since: now, meantSince: now, leaves: false });
    this.#stop ??= this.#begin();
    element.addEventListener('click', this.#clicked, true);
    this.#look(now);
    return () => this.#remove(element);
  }

  /** Somebody decides it here: the focus goes on to the next one with it. */
  decided(element: HTMLElement): void {
    const card = this.#cards.get(element);
    if (card !== undefined) card.leaves = element.contains(document.activeElement);
  }

  #begin(): AbortController {
    const stop = new AbortController();
    const { signal } = stop;
    addEventListener('keydown', this.#pressed, { signal });
    const look = () => this.#look(performance.now());
    document.addEventListener('focusin', look, { signal });
    document.addEventListener(
      'focusout',
      // Where it goes elsewhere, that is told next.
      ({ relatedTarget }) => relatedTarget === null && look(),
      { signal },
    );
    const timer = setInterval(look, lookMs);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    return stop;
  }

  #remove(element: HTMLElement): void {
    const gone = this.#cards.get(element);
    element.removeEventListener('click', this.#clicked, true);
    const next = gone?.leaves === true ? this.#after(element) : undefined;
    this.#cards.delete(element);
    if (this.#cards.size === 0) {
      this.#stop?.abort();
      [this.#stop, this.#meant] = [null, null];
      return;
    }
    // It is still on the page, as are those that will move.
    queueMicrotask(() => {
      if (next !== undefined && this.#cards.has(next)) focusOn(next);
      this.#look(performance.now());
    });
  }

  /** The question below, else the one above. */
  #after(element: HTMLElement): HTMLElement | undefined {
    const all = [...this.#cards.keys()].toSorted((a, b) =>
      (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING) === 0 ? 1 : -1,
    );
    const at = all.indexOf(element);
    return all[at + 1] ?? all[at - 1];
  }

  #look(now: number): void {
    for (const card of this.#cards.values()) {
      const place = placeOf(card.element);
      if (hasMoved(card.place, place)) card.since = now;
      card.place = place;
    }
    const meant = meantOf(this.#cards);
    if (meant !== null && meant !== this.#meant) meant.meantSince = now;
    this.#meant = meant;
    for (const card of this.#cards.values())
      card.state.update((old) => this.#stateOf(card, old, now));
  }

  #stateOf(card: Watched, old: CardState, now: number): CardState {
    const still = now - card.since >= guardMs;
    const phase = still ? 'still' : old.phase === 'new' ? 'new' : 'moved';
    const meant = card === this.#meant;
    const keyed = meant && still && this.#isHeard(card, now) && !isWriting(document.activeElement);
    if (old.phase === phase && old.meant === meant && old.keyed === keyed) return old;
    return { phase, meant, keyed };
  }

  #isHeard(card: Watched, now: number): boolean {
    return now - Math.max(card.since, card.meantSince, this.#written) >= guardMs;
  }

  readonly #clicked = (event: MouseEvent): void => {
    if (!(event.target instanceof Element) || event.target.closest('[data-decide]') === null)
      return;
    const card = this.#cards.get(event.currentTarget as HTMLElement);
    const now = event.timeStamp;
    this.#look(now);
    if (card === undefined || now - card.since >= guardMs) return;
    event.preventDefault();
    event.stopPropagation();
    card.since = now;
  };

  readonly #pressed = (event: KeyboardEvent): void => {
    const now = event.timeStamp;
    if (isWriting(event.target)) {
      this.#written = now;
      return;
    }
    const meaning = meaningOf(event, ['allow', 'deny']);
    // Neither held down from before nor used up by something else.
    if (meaning === undefined || event.repeat || event.defaultPrevented) return;
    if (!this.#letters.get()) return;
    this.#look(now);
    const card = this.#meant;
    if (card === null) return;
    const deed = card.keys()[meaning];
    if (deed === undefined) return;
    event.preventDefault();
    if (this.#isHeard(card, now)) deed();
    else card.meantSince = now;
  };
}

/** The one with the focus, else the only one; none while a dialog is above them. */
function meantOf(cards: ReadonlyMap<HTMLElement, Watched>): Watched | null {
  if (document.querySelector('dialog[open]') !== null) return null;
  const all = [...cards.values()];
  const focused = all.find(({ element }) => element.contains(document.activeElement));
  return focused ?? (all.length === 1 ? all[0]! : null);
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('input, textarea, select');
}
