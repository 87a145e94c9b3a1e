/**
 * What agents keep of conversations on this machine, in files of their own. Only what a session's log says
 * is ever put there, and nothing of somebody else's is changed.
 */
export interface Memories {
  /**
   * Puts the files of a native session where its agent looks for them when it works in `cwd`. Nothing is
   * done where they are there already, or go on from there; what is there and says something else is left.
   */
  restore(session: NativeSession, lines: AsyncIterable<MemoryLine>): Promise<Restored>;
  /** What its files go on with after the lines that are known, of an agent that rests. */
  capture(session: NativeSession, known: AsyncIterable<MemoryLine>): AsyncIterable<MemoryLine>;
}

export interface NativeSession {
  agent: string;
  nativeId: string;
  cwd: string;
  /** Variables of the session in the agent's environment. */
  env: { readonly [name: string]: string };
}

export interface MemoryLine {
  /** Empty for the main file. */
  file: string;
  text: string;
}

export type Restored = { restored: true } | { restored: false; reason: string };

/** Of a daemon whose agents remember nothing that could be put anywhere. */
export const noMemories: Memories = {
  restore: () => Promise.resolve({ restored: false, reason: 'agents here keep nothing in files' }),
  capture: () => nothing(),
};

async function* nothing(): AsyncGenerator<MemoryLine> {
  yield* [];
}
