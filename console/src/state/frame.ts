/** So long a hidden page waits, in which no frame is drawn. */
const hiddenMs = 200;

/**
 * Runs once for all that asks before the next frame: what arrives in bursts is shown at once. A page that is
 * hidden before its frame comes does not wait to be shown again.
 */
export class Frame {
  readonly #run: () => void;
  #asked = false;

  constructor(run: () => void) {
    this.#run = run;
  }

  ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    if (document.hidden) {
      setTimeout(() => this.#now(), hiddenMs);
      return;
    }
    const now = () => {
      document.removeEventListener('visibilitychange', now);
      cancelAnimationFrame(frame);
      this.#now();
    };
    const frame = requestAnimationFrame(now);
    document.addEventListener('visibilitychange', now);
  }

  #now(): void {
    this.#asked = false;
    this.#run();
  }
}
