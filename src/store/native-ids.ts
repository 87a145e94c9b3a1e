import type { Connection } from './connection.ts';

/** Keeps every native id that a session had: whoever knows an earlier one finds it still. */
export function writeNativeId(connection: Connection, session: number, nativeId: string): void {
  connection.run(
    'INSERT INTO native_ids (native_id, session) VALUES (?, ?) ON CONFLICT DO NOTHING',
    nativeId,
    session,
  );
}
