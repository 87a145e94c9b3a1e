import { parentPort, workerData } from 'node:worker_threads';
import { RefusalError, type Refusal } from '../domain/refusal.ts';
import { Checkpoints } from './checkpoint.ts';
import { FatalStoreError } from './commit.ts';
import { Connection } from './connection.ts';
import { failureOf, messageOf } from './failure.ts';
import { migrate } from './migrations.ts';
import { operations, type OperationName } from './operations.ts';
import type { WireBatch } from './wire.ts';

/** What a worker is started with. `writer` also brings the schema up to date; a reader cannot write. */
export interface WorkerStart {
  file: string;
  role: 'writer' | 'reader';
}

export interface Question {
  id: number;
  name: OperationName | 'close';
  values: readonly unknown[];
}

/** `fatal` has no question: nobody is answered any more. */
export type Answer =
  | { type: 'ready' }
  | { type: 'value'; id: number; value: unknown }
  | { type: 'refused'; id: number; refusal: Refusal }
  | { type: 'failed'; id: number; message: string }
  | { type: 'fatal'; message: string };

/** About what a slice of a purge adds to the log file. */
const purgeGrowth = 2 * 1_048_576;

function open({ file, role }: WorkerStart): Connection {
  if (role === 'reader') return Connection.reader(file);
  const connection = Connection.writer(file);
  migrate(connection);
  return connection;
}

function failed(id: number, error: unknown): Answer {
  if (error instanceof RefusalError) return { type: 'refused', id, refusal: error.refusal };
  if (failureOf(error) === 'full') {
    return { type: 'refused', id, refusal: { code: 'unavailable', message: 'The disk is full.' } };
  }
  return { type: 'failed', id, message: messageOf(error) };
}

function serve(port: NonNullable<typeof parentPort>): void {
  const start = workerData as WorkerStart;
  const connection = open(start);
  const answer = (message: Answer): void => port.postMessage(message);
  let dead = false;
  const fatal = (error: unknown): void => {
    dead = true;
    answer({ type: 'fatal', message: messageOf(error) });
  };
  const checkpoints = new Checkpoints(connection, fatal);

  port.on('message', ({ id, name, values }: Question) => {
    if (name === 'close') {
      connection.close();
      answer({ type: 'value', id, value: undefined });
      port.close();
      return;
    }
    if (dead && name === 'append') return;
    try {
      const operation = operations[name] as (on: Connection, ...rest: unknown[]) => unknown;
      answer({ type: 'value', id, value: operation(connection, ...values) });
    } catch (error) {
      if (error instanceof FatalStoreError) fatal(error);
      else answer(failed(id, error));
      return;
    }
    if (name === 'append') checkpoints.wrote(values[0] as readonly WireBatch[]);
    else if (name === 'purgeSlice') checkpoints.grew(purgeGrowth);
  });
  answer({ type: 'ready' });
}

if (parentPort !== null) serve(parentPort);
