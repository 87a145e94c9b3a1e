import path from 'node:path';
import type { Handler } from '../handler.ts';

export const snapshotsList: Handler<'snapshots.list'> = async (input, context) => {
  const session = await context.session(input.session);
  const { run, call, changes, limit, cursor } = input;
  const { cwd } = (await context.engine.get(session)).row;
  const { entries, next } = await context.store.snapshots({
    session,
    changes,
    limit,
    ...(run === undefined ? {} : { run }),
    ...(call === undefined ? {} : { call }),
    ...(input.path === undefined ? {} : { path: path.resolve(cwd, input.path) }),
    ...(cursor === undefined ? {} : { before: Number(cursor) }),
  });
  return { session, snapshots: [...entries], next: next === null ? null : String(next) };
};
