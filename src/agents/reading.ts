import type { AgentEvent } from '../domain/agent-event.ts';
import type { SettingsChange } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import { itemId, type SpoolLine } from '../ports/agent.ts';
import { changesOf, type InForce } from './in-force.ts';

/** One line being read: the state it leads to and the events it makes. Lives for one call of `decode`. */
export class LineReading<State extends { readonly inForce: InForce }> {
  state: State;
  readonly events: AgentEvent[] = [];
  readonly line: SpoolLine;
  #ordinal = 0;

  constructor(state: State, line: SpoolLine) {
    this.state = state;
    this.line = line;
  }

  nextItem(): string {
    const item = itemId(this.line, this.#ordinal);
    this.#ordinal += 1;
    return item;
  }

  change(changes: Partial<State>): void {
    this.state = { ...this.state, ...changes };
  }

  emit(event: AgentEvent): void {
    this.events.push(event);
  }

  notice(code: string, text: string): void {
    this.emit({ type: 'notice', item: this.nextItem(), code, text: text.slice(0, 4096) });
  }

  unrecognized(reason: string): void {
    const { text, from, to } = this.line;
    const raw = text.slice(0, limits.unrecognizedBytes);
    this.emit({ type: 'unrecognized', item: this.nextItem(), reason, raw, from, to });
  }

  /** Takes over what is in force; an entry says what is new in it, if anything is. */
  report(told: Partial<InForce>): void {
    const changes = this.changes(told);
    this.state = { ...this.state, inForce: { ...this.state.inForce, ...told } };
    if (changes !== null) this.emit({ type: 'settings', item: this.nextItem(), changes });
  }

  /** What is new in what is told. */
  changes(told: Partial<InForce>): SettingsChange | null {
    return changesOf(this.state.inForce, told);
  }
}
