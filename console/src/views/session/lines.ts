/** So high a line is taken to be until some were measured. */
const firstGuessPx = 120;
/** After so many the guesses that were made before any was measured are made again. */
const enough = 8;

/** The heights of lines by their keys: measured, or guessed once, so that a guess moves nothing later. */
export class Lines {
  readonly #measured = new Map<string, number>();
  readonly #guessed = new Map<string, number>();
  #sum = 0;
  #blind = true;
  #keys: readonly string[] = [];
  /** Where each line begins, and behind the last one where all end. */
  #tops: number[] = [0];
  #stale = false;

  set(keys: readonly string[]): void {
    if (this.#blind && this.#measured.size >= enough) {
      this.#blind = false;
      this.#guessed.clear();
    }
    this.#keys = keys;
    this.#stale = true;
  }

  measure(key: string, height: number): void {
    const old = this.#measured.get(key);
    if (old === height) return;
    this.#sum += height - (old ?? 0);
    this.#measured.set(key, height);
    this.#guessed.delete(key);
    this.#stale = true;
  }

  /** Where a line begins, below the first one; of the number of lines, where all end. */
  top(index: number): number {
    return this.#fresh()[Math.max(0, Math.min(index, this.#keys.length))] ?? 0;
  }

  /** The line that is at an offset. */
  at(offset: number): number {
    const tops = this.#fresh();
    let [low, high] = [0, Math.max(0, this.#keys.length - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((tops[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #fresh(): readonly number[] {
    if (this.#stale) {
      this.#stale = false;
      let top = 0;
      this.#tops = [0, ...this.#keys.map((key) => (top += this.#height(key)))];
    }
    return this.#tops;
  }

  #height(key: string): number {
    const known = this.#measured.get(key) ?? this.#guessed.get(key);
    if (known !== undefined) return known;
    const guess = this.#measured.size === 0 ? firstGuessPx : this.#sum / this.#measured.size;
    this.#guessed.set(key, guess);
    return guess;
  }
}
