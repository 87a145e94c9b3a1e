import { refuse } from '../domain/refusal.ts';
import type { Arrival, Departure } from '../ports/moves.ts';
import type { Connection } from './connection.ts';

interface StoredDeparture {
  session: string;
  server: string;
  url: string;
  ticket: string;
  cwd: string | null;
  at: string;
}

export function listDepartures(connection: Connection): Departure[] {
  const sql = 'SELECT session, server, url, ticket, cwd, at FROM departures ORDER BY at, session';
  return connection
    .all<StoredDeparture>(sql)
    .map(({ server, url, ...rest }) => ({ ...rest, to: { server, url } }));
}

export function depart(connection: Connection, departure: Departure): void {
  const { session, to, ticket, cwd, at } = departure;
  const sql = `INSERT INTO departures (session, server, url, ticket, cwd, at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING`;
  const inserted = connection.transaction(() =>
    connection.run(sql, session, to.server, to.url, ticket, cwd, at),
  );
  if (inserted === 0) throw refuse('busy', 'This session moves already.', { field: 'session' });
}

export function endDeparture(connection: Connection, session: string): void {
  const sql = 'DELETE FROM departures WHERE session = ?';
  connection.transaction(() => connection.run(sql, session));
}

interface StoredArrival {
  session: string;
  source: string;
  token: string;
  expires_at: string;
  withdrawn: number;
  known: number;
}

export function listArrivals(connection: Connection): Arrival[] {
  return connection
    .all<StoredArrival>('SELECT * FROM arrivals ORDER BY session')
    .map(({ session, source, token, expires_at, withdrawn, known }) => {
      return {
        session,
        from: source,
        token,
        expiresAt: expires_at,
        withdrawn: withdrawn === 1,
        known,
      };
    });
}

export function expectArrival(connection: Connection, arrival: Arrival): void {
  const { session, from, token, expiresAt, known } = arrival;
  const sql = `INSERT INTO arrivals (session, source, token, expires_at, known) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET source = excluded.source, token = excluded.token,
      expires_at = excluded.expires_at, withdrawn = 0`;
  connection.transaction(() => connection.run(sql, session, from, token, expiresAt, known));
}

export function withdrawArrival(connection: Connection, session: string): void {
  const sql = 'UPDATE arrivals SET withdrawn = 1 WHERE session = ?';
  connection.transaction(() => connection.run(sql, session));
}

/** Also in the transaction of the entry with which the session is here. */
export function removeArrival(connection: Connection, session: string): void {
  connection.run('DELETE FROM arrivals WHERE session = ?', session);
}

export function endArrival(connection: Connection, session: string): void {
  connection.transaction(() => removeArrival(connection, session));
}
