import type { Handler } from '../handler.ts';

export const filesFind: Handler<'files.find'> = async (input, context) => {
  const session = await context.session(input.session);
  const { cwd } = (await context.engine.get(session)).row;
  const { query, limit } = input;
  const { files, complete } = await context.findFiles({ cwd, query, limit });
  return { session, files: [...files], complete };
};
