import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const busy = 5;

/** Another daemon works in this state directory. */
export class StateLockedError extends Error {
  constructor(dir: string) {
    super(
      `Another Turnkeep daemon uses ${dir}: stop it first, or start this one with another state directory.`,
    );
    this.name = 'StateLockedError';
  }
}

/**
 * One daemon per state directory: an exclusive transaction on `lock.db`, held until the release. The kernel
 * lets it go when the process ends, however that happens, so there is no stale lock to break.
 */
export function lockState(dir: string): () => void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'lock.db');
  // SQLite gives its other files the mode of this one.
  closeSync(openSync(file, 'a', 0o600));
  const db = new DatabaseSync(file);
  try {
    db.exec('PRAGMA busy_timeout = 0');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode === busy) throw new StateLockedError(dir);
    throw error;
  }
  return () => {
    if (db.isOpen) db.close();
  };
}
