import fc from 'fast-check';
import { beginning, ModelSession, step, type Step, type Taken, traits } from './session-model.ts';

export type Check = (session: ModelSession, taken: Taken, step: Step) => void;

const steps = fc.array(step, { maxLength: 60, size: 'max' });

/** Drives sessions through whatever may happen and looks after every step. */
export function always(check: () => Check): void {
  fc.assert(
    fc.property(traits, beginning, steps, (agent, begun, all) => {
      const session = new ModelSession(agent, begun);
      const looks = check();
      looks(session, session.began, { do: 'note' });
      for (const one of all) looks(session, session.take(one), one);
    }),
    { numRuns: 400 },
  );
}
