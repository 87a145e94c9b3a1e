import type { Environment } from '../client/node/state-directory.ts';
import { type Look, makeLook } from './render/look.ts';

/** What a command has of its process. Tests give their own. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Environment;
  /** The file that was run, to start a daemon with. */
  readonly script: string;
  readonly cwd: string;
  readonly outIsTty: boolean;
  readonly inIsTty: boolean;
  readonly columns: number;
  readonly stdin: NodeJS.ReadStream;
  /** Calls back at Ctrl-C until the answer is called. */
  onInterrupt(run: () => void): () => void;
  now(): number;
}

export function processIo(): Io {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    script: process.argv[1] ?? '',
    cwd: process.cwd(),
    outIsTty: process.stdout.isTTY === true,
    inIsTty: process.stdin.isTTY === true,
    columns: process.stdout.columns ?? 80,
    stdin: process.stdin,
    onInterrupt(run) {
      process.on('SIGINT', run);
      return () => void process.off('SIGINT', run);
    },
    now: () => Date.now(),
  };
}

/** Colours on a terminal, unless `--no-color` or NO_COLOR asks for none. */
export function lookOf(io: Io, options: { color?: boolean }): Look {
  const forbidden = options.color === false || (io.env['NO_COLOR'] ?? '') !== '';
  return makeLook(io.outIsTty && !forbidden && io.env['TERM'] !== 'dumb', io.columns);
}
