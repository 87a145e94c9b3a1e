import type { Handler } from '../handler.ts';

export const runsRaw: Handler<'runs.raw'> = async (input, context) => {
  const session = await context.session(input.session);
  const { run, limit, maxBytes, cursor, direction } = input;
  const page = await context.engine.raw(session, {
    run,
    limit,
    maxBytes,
    ...(cursor === undefined ? {} : { cursor }),
    ...(direction === undefined ? {} : { direction }),
  });
  const lines = page.lines.map((line) => ({ ...line, entries: [...line.entries] }));
  return { run, lines, next: page.next, source: page.source };
};
