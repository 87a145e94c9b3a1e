import type { Command } from 'commander';
import type { Io } from './io.ts';

/** A command's work. `options` has those of the program too; answers the exit code. */
export type Work<Options, Given extends unknown[]> = (
  io: Io,
  options: Options,
  ...given: Given
) => Promise<number>;

/** Turns a command's work into commander's action. */
export type Act = <Options, Given extends unknown[]>(
  work: Work<Options, Given>,
) => (this: Command, ...given: unknown[]) => Promise<void>;

/** Commander gives the arguments, then the options, then the command itself. */
export function actWith(io: Io, finished: (exitCode: number) => void): Act {
  return <Options, Given extends unknown[]>(work: Work<Options, Given>) =>
    async function run(this: Command, ...given: unknown[]) {
      const options: unknown = this.optsWithGlobals();
      finished(await work(io, options as Options, ...(given.slice(0, -2) as Given)));
    };
}
