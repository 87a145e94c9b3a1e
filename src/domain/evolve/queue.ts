import type { EntryOf } from '../entry.ts';
import type { SessionState } from '../session-state.ts';

/** What became of a prompt that waits, or of the whole queue. */
export function queue(state: SessionState, entry: EntryOf<'queue'>): SessionState {
  const { about } = entry;
  switch (entry.data.change) {
    case 'held':
      return { ...state, held: state.queue.length > 0 };
    case 'released':
      return {
        ...state,
        held: false,
        continued: entry.data.continues === undefined ? state.continued : state.continued + 1,
      };
    case 'edited':
      return {
        ...state,
        queue: state.queue.map((item) =>
          item.id === about ? { ...item, edited: entry.id } : item,
        ),
      };
    case 'moved': {
      const item = state.queue.find((candidate) => candidate.id === about);
      if (item === undefined) return state;
      const others = state.queue.filter((candidate) => candidate !== item);
      return { ...state, queue: others.toSpliced((entry.data.to ?? 1) - 1, 0, item) };
    }
    case 'withdrawn':
    case 'indeterminate':
      return {
        ...state,
        queue: state.queue.filter((item) => item.id !== about),
        run: state.run && {
          ...state.run,
          prompts: state.run.prompts.filter((item) => item.id !== about),
        },
      };
    case 'requeued': {
      const item = state.run?.prompts.find((candidate) => candidate.id === about);
      if (item === undefined || state.run === null) return state;
      const { state: was, steered: _steered, ...queued } = item;
      const sent = was === 'sent' ? { sent: true as const } : {};
      return {
        ...state,
        queue: [{ ...queued, ...sent }, ...state.queue],
        run: { ...state.run, prompts: state.run.prompts.filter((candidate) => candidate !== item) },
      };
    }
  }
}
