import type { SessionRow } from '../../domain/row.ts';
import { refuse } from '../../domain/refusal.ts';
import { JsonText } from '../answer.ts';
import { noSession } from '../caller.ts';
import type { Handler } from '../handler.ts';

/** An id or key means its own session before anything else; any other name has to mean only one. */
export const sessionsResolve: Handler<'sessions.resolve'> = async ({ name }, { store, sees }) => {
  const found = await store.resolve(name);
  const seen = await Promise.all(found.map(({ session }) => sees(session)));
  const rows = found.filter((_, at) => seen[at]);
  const read = rows.map(({ row }) => JSON.parse(row) as SessionRow);
  const named = read.findIndex(({ id, key }) => id === name || key === name);
  const row = rows[Math.max(0, named)];
  if (row === undefined) throw noSession(name);
  if (named < 0 && rows.length > 1) {
    const candidates = read.map(({ id, key, title, label }) => ({ id, key, title, label }));
    throw refuse(
      'conflict',
      `${rows.length} sessions have this name: use an id of the candidates.`,
      {
        field: 'name',
        data: { candidates },
      },
    );
  }
  return JsonText.object({ session: row.row });
};
