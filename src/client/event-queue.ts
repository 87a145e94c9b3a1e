/** Events on their way to an iterator, with the two marks at which its source must pause and may resume. */
export interface Marks {
  high: number;
  low: number;
  onHigh(): void;
  onLow(): void;
}

/** An async iterator that is fed from outside. */
export class EventQueue<Event> {
  readonly #marks: Marks;
  #events: Event[] = [];
  #next = 0;
  #full = false;
  #ended: { error: Error | null } | null = null;
  #wake: (() => void) | null = null;

  constructor(marks: Marks) {
    this.#marks = marks;
  }

  push(event: Event): void {
    if (this.#ended !== null) return;
    this.#events.push(event);
    if (!this.#full && this.#size() >= this.#marks.high) {
      this.#full = true;
      this.#marks.onHigh();
    }
    this.#wakeUp();
  }

  /** No more events; what is there is still read. With an error the reading ends by it. */
  end(error: Error | null): void {
    this.#ended ??= { error };
    this.#wakeUp();
  }

  async *read(): AsyncGenerator<Event, void, undefined> {
    for (;;) {
      while (this.#size() > 0) yield this.#take();
      if (this.#ended !== null) {
        if (this.#ended.error !== null) throw this.#ended.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #size(): number {
    return this.#events.length - this.#next;
  }

  #take(): Event {
    const event = this.#events[this.#next] as Event;
    this.#next += 1;
    if (this.#size() === 0) {
      this.#events = [];
      this.#next = 0;
    }
    if (this.#full && this.#size() <= this.#marks.low) {
      this.#full = false;
      this.#marks.onLow();
    }
    return event;
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
