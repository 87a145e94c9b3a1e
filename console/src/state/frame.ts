/** So long a hidden page waits, in which no frame is drawn. */
const hiddenMs = 200;

/** Runs once for all that asks before the next frame: what arrives in bursts is shown at once. */
export class Frame {
  readonly #run: () => void;
  #asked = false;

  constructor(run: () => void) {
    this.#run = run;
  }

  ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    const run = () => {
      this.#asked = false;
      this.#run();
    };
    if (document.hidden) setTimeout(run, hiddenMs);
    else requestAnimationFrame(run);
  }
}
