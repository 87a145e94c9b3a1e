import path from 'node:path';
import { refuse } from '../../domain/refusal.ts';
import type { Handler } from '../handler.ts';

export const snapshotsRestore: Handler<'snapshots.restore'> = async (input, context) => {
  if (context.caller.inside) {
    const message =
      'A token from inside a session puts no files back: its agent edits them itself.';
    throw refuse('forbidden', message);
  }
  const session = await context.session(input.session);
  const { snapshot, run, paths, to, force, dryRun } = input;
  const { cwd } = (await context.engine.get(session)).row;
  const answer = await context.engine.snapshots.restore(
    session,
    {
      of: snapshot === undefined ? { run: run ?? '' } : { snapshot },
      to,
      force,
      dryRun,
      ...(paths === undefined ? {} : { paths: paths.map((one) => path.resolve(cwd, one)) }),
    },
    context.caller.by,
  );
  return { session, ...answer, files: [...answer.files] };
};
