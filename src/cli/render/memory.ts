import type { Fidelity } from '../../domain/entry.ts';

/** What an agent remembers of a conversation that it goes on with. */
export const memoryText: Readonly<Record<Fidelity, string>> = {
  exact: 'The agent remembers all of it.',
  primed: 'The agent will be told of it with the next prompt.',
  none: 'The agent remembers nothing of it.',
};
