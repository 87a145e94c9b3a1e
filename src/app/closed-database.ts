import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Channel } from '../store/channel.ts';
import { lockState, StateLockedError } from '../store/lock.ts';

export type ClosedCheck =
  | { state: 'absent' }
  /** A daemon has it. */
  | { state: 'in-use' }
  | { state: 'checked'; faults: readonly string[] };

/**
 * Checks the database of a state directory that no daemon serves: read-only, off the main thread, and under
 * the lock that keeps a daemon from starting meanwhile.
 */
export async function checkClosedDatabase(directory: string): Promise<ClosedCheck> {
  const file = join(directory, 'turnkeep.db');
  const there = await access(file).then(
    () => true,
    () => false,
  );
  if (!there) return { state: 'absent' };
  let unlock: () => void;
  try {
    unlock = lockState(directory);
  } catch (error) {
    if (error instanceof StateLockedError) return { state: 'in-use' };
    throw error;
  }
  try {
    const { promise: lost, reject } = Promise.withResolvers<never>();
    const channel = await Channel.open({ file, role: 'reader' }, reject);
    const faults = await Promise.race([channel.call('check'), lost]);
    await channel.close();
    return { state: 'checked', faults };
  } finally {
    unlock();
  }
}
