import type { Client } from '../client/client.ts';
import { backOff, pause, realPace } from '../client/pace.ts';
import { isPassing, waitAsked } from '../client/refusal.ts';
import { RefusalError } from '../domain/refusal.ts';
import type { InputOf, OutputOf } from '../protocol/operations.ts';

/** What is asked, with the id by which it is the same question when it is asked again. */
export type Asked = Omit<InputOf<'approvals.request'>, 'waitMs'>;
export type Decided = NonNullable<OutputOf<'approvals.request'>['decision']>;

export interface AskingOptions {
  /** Until then, in milliseconds since 1970; absent: as long as it takes. */
  until?: number;
  signal?: AbortSignal;
  /** It is open; called after every look. */
  waiting?: () => void;
}

/** One look at the question lasts so long; a daemon that is gone without a word is noticed a little later. */
const lookMs = 20_000;
/** The first one: what a policy decides is decided by then, and what waits is told soon. */
const firstLookMs = 1000;
const answerMs = 15_000;

/**
 * Asks the person of a session and waits for the decision, over restarts of the daemon: the question has an id,
 * so that asking again finds it where it was. Null where it is open at the end of the time.
 */
export async function askPerson(
  client: Client,
  asked: Asked,
  { until, signal, waiting }: AskingOptions = {},
): Promise<Decided | null> {
  const given = signal === undefined ? {} : { signal };
  for (let failures = 0, look = firstLookMs; ;) {
    const left = until === undefined ? look : Math.max(0, until - Date.now());
    const waitMs = Math.round(Math.min(look, left));
    try {
      const options = { ...given, tries: 1, timeoutMs: waitMs + answerMs };
      const { decision } = await client.approvals.request({ ...asked, waitMs }, options);
      failures = 0;
      look = lookMs;
      if (decision !== null) return decision;
      waiting?.();
      if (left <= waitMs && until !== undefined) return null;
    } catch (error) {
      if (!(error instanceof RefusalError) || !isPassing(error.refusal.code)) throw error;
      const wait = Math.max(waitAsked(error.refusal), backOff(failures, realPace.random()));
      failures += 1;
      if (until !== undefined && Date.now() + wait >= until) throw error;
      await pause(realPace, wait, signal);
    }
  }
}
