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
  /** Size of the terminal, as it is at the moment. */
  readonly columns: number;
  readonly rows: number;
  readonly stdin: NodeJS.ReadStream;
  /** Calls back at Ctrl-C until the answer is called. */
  onInterrupt(run: () => void): () => void;
  /** Calls back when the terminal gets another size, until the answer is called. */
  onResize(run: () => void): () => void;
  now(): number;
}

/** Where no terminal cuts lines, they may be longer than most terminals. */
const pipeColumns = 120;

export function processIo(): Io {
  const { stdout } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    script: process.argv[1] ?? '',
    cwd: process.cwd(),
    outIsTty: stdout.isTTY === true,
    inIsTty: process.stdin.isTTY === true,
    get columns() {
      // A terminal that does not know its size says 0.
      return stdout.columns || Number(process.env['COLUMNS']) || pipeColumns;
    },
    get rows() {
      return stdout.rows || 24;
    },
    stdin: process.stdin,
    onInterrupt(run) {
      process.on('SIGINT', run);
      return () => void process.off('SIGINT', run);
    },
    onResize(run) {
      stdout.on('resize', run);
      return () => void stdout.off('resize', run);
    },
    now: () => Date.now(),
  };
}

/** Colours on a terminal, unless `--no-color` or NO_COLOR asks for none. */
export function lookOf(io: Io, options: { color?: boolean }): Look {
  const forbidden = options.color === false || (io.env['NO_COLOR'] ?? '') !== '';
  return makeLook(io.outIsTty && !forbidden && io.env['TERM'] !== 'dumb', io.columns);
}
