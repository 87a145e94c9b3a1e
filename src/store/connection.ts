import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { WriterMemory } from './writer-memory.ts';

/** A value as SQLite takes and gives it. */
export type SqlValue = string | number | null | Uint8Array;

const shared = ['PRAGMA busy_timeout = 5000', 'PRAGMA temp_store = MEMORY'];

/**
 * Pragmas of the connection that writes. Checkpoints are ours to time (`wal_autocheckpoint = 0`), so that
 * they run between two groups and not inside a commit that somebody waits for.
 */
function writerPragmas(platform: NodeJS.Platform): string[] {
  return [
    'PRAGMA journal_mode = WAL',
    'PRAGMA synchronous = FULL',
    ...(platform === 'darwin' ? ['PRAGMA fullfsync = 1', 'PRAGMA checkpoint_fullfsync = 1'] : []),
    'PRAGMA foreign_keys = OFF',
    'PRAGMA wal_autocheckpoint = 0',
    'PRAGMA journal_size_limit = 67108864',
    'PRAGMA cache_size = -32768',
    // What is removed or replaced is overwritten: a purged session leaves nothing in free pages.
    'PRAGMA secure_delete = ON',
  ];
}

/** One SQLite connection with its prepared statements; lives and dies in one thread. */
export class Connection {
  readonly db: DatabaseSync;
  readonly memory = new WriterMemory();
  #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  static writer(file: string): Connection {
    const db = new DatabaseSync(file);
    for (const pragma of [...shared, ...writerPragmas(process.platform)]) db.exec(pragma);
    return new Connection(db);
  }

  static reader(file: string): Connection {
    const db = new DatabaseSync(file, { readOnly: true });
    for (const pragma of [...shared, 'PRAGMA cache_size = -16384']) db.exec(pragma);
    return new Connection(db);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** The first row; the caller names its shape, which the schema guarantees. */
  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Rows one at a time; leaving the loop early loads nothing further. */
  iterate<Row>(sql: string, ...values: SqlValue[]): Iterable<Row> {
    return this.#statement(sql).iterate(...values) as Iterable<Row>;
  }

  /** Runs a write; answers how many rows it changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  /** Several reads that must see one state of the database. Synchronous, so it never spans an await. */
  snapshot<Result>(read: () => Result): Result {
    if (this.db.isTransaction) return read();
    this.db.exec('BEGIN');
    try {
      return read();
    } finally {
      // Nothing was written; and unlike a commit this also ends a transaction over a damaged page.
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
    }
  }

  /** All or nothing, durable when it returns. */
  transaction<Result>(write: () => Result): Result {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      const result = write();
      this.db.exec('COMMIT');
      return result;
    } catch (error) {
      this.memory.forget();
      // SQLite has already rolled back after some errors (full disk, I/O).
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.db.close();
  }
}
