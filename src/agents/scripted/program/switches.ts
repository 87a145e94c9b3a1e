// The command line of the program.
import { parseArgs } from 'node:util';

/** Ways to break the protocol or to live badly. Each is a switch and a directive. */
export const misbehaviours = [
  'ignore-cancel',
  'two-terminals',
  'after-terminal',
  'torn-line',
  'not-json',
  'bad-utf8',
  'unknown-update',
  'unknown-request',
  'stray-tool-update',
  'ignore-term',
  'never-reads',
  'close-stdout',
  'stop-self',
  'leave-command',
] as const;

export type Misbehaviour = (typeof misbehaviours)[number];

export interface Switches {
  /** Folder of the conversations. Without it they are gone with the process. */
  readonly store?: string;
  /** Id of the first session that is made; all others get random ones. */
  readonly sessionId?: string;
  readonly misbehave: readonly Misbehaviour[];
  readonly delayStartMs: number;
  readonly failStart: boolean;
}

/** Throws with a message for the user when the command line makes no sense. */
export function readSwitches(args: readonly string[]): Switches {
  const { values } = parseArgs({
    args: [...args],
    options: {
      store: { type: 'string' },
      'session-id': { type: 'string' },
      misbehave: { type: 'string', multiple: true, default: [] },
      'delay-start': { type: 'string', default: '0' },
      'fail-start': { type: 'boolean', default: false },
    },
  });
  const delayStartMs = Number(values['delay-start']);
  if (!Number.isFinite(delayStartMs) || delayStartMs < 0) {
    throw new Error(`--delay-start needs milliseconds, not ${values['delay-start']}`);
  }
  return {
    ...(values.store === undefined ? {} : { store: values.store }),
    ...(values['session-id'] === undefined ? {} : { sessionId: values['session-id'] }),
    misbehave: values.misbehave.map((name) => {
      if (isMisbehaviour(name)) return name;
      throw new Error(`--misbehave ${name}: known are ${misbehaviours.join(', ')}`);
    }),
    delayStartMs,
    failStart: values['fail-start'],
  };
}

export function isMisbehaviour(name: string): name is Misbehaviour {
  return (misbehaviours as readonly string[]).includes(name);
}
