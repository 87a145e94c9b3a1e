/** A move may come so long after what set it off: wheels and fingers scroll on. */
const afterMs = 1000;

/** Whether a person is moving something: by wheel, finger, key, or a scrollbar that is held. */
export class Hand {
  #last = Number.NEGATIVE_INFINITY;
  #holds = false;

  get moves(): boolean {
    return this.#holds || performance.now() - this.#last < afterMs;
  }

  /** Watches what is done to an element, until what it returns is called. */
  watch(element: HTMLElement): () => void {
    const over = new AbortController();
    const options = { passive: true, capture: true, signal: over.signal };
    const moved = (): void => {
      this.#last = performance.now();
    };
    const released = (): void => {
      if (this.#holds) moved();
      this.#holds = false;
    };
    element.addEventListener('wheel', moved, options);
    element.addEventListener('touchmove', moved, options);
    element.addEventListener('pointerdown', () => (this.#holds = true), options);
    addEventListener('pointerup', released, options);
    addEventListener('pointercancel', released, options);
    // A scrollbar may keep the end of its being held to itself.
    addEventListener('pointermove', ({ buttons }) => buttons === 0 && released(), options);
    addEventListener('keydown', ({ target }) => isField(target) || moved(), options);
    return () => over.abort();
  }
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, [contenteditable]');
}
