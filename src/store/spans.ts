import type { HostFiles, RunSpan, SpanChange } from '../ports/store.ts';
import type { Connection } from './connection.ts';

interface StoredSpan {
  host: string;
  files: HostFiles;
  begin_output: number;
  begin_sent: number;
  end_output: number | null;
  end_sent: number | null;
}

/** A beginning that is known stays as it was, and so does an end. */
export function writeSpan(connection: Connection, session: number, span: SpanChange): void {
  if (span.change === 'begin') {
    connection.run(
      `INSERT INTO host_runs (session, run, host, begin_output, begin_sent)
       VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      session,
      span.run,
      span.host,
      span.output,
      span.sent,
    );
    return;
  }
  connection.run(
    `UPDATE host_runs SET end_output = ?, end_sent = ?
     WHERE session = ? AND run = ? AND host = ? AND end_output IS NULL`,
    span.output,
    span.sent,
    session,
    span.run,
    span.host,
  );
}

export function readSpans(connection: Connection, session: string, run: string): RunSpan[] {
  const spans = connection.all<StoredSpan>(
    `SELECT r.*, CASE WHEN coalesce(p.withheld, h.withheld, 0) <> 0 THEN 'withheld'
       ELSE coalesce(p.files, 'open') END AS files
     FROM host_runs r LEFT JOIN past_hosts p ON p.host = r.host LEFT JOIN hosts h ON h.host = r.host
     WHERE r.session = (SELECT num FROM sessions WHERE id = ?) AND r.run = ? ORDER BY r.num`,
    session,
    run,
  );
  return spans.map((span) => ({
    host: span.host,
    files: span.files,
    begin: { output: span.begin_output, sent: span.begin_sent },
    end:
      span.end_output === null || span.end_sent === null
        ? null
        : { output: span.end_output, sent: span.end_sent },
  }));
}
