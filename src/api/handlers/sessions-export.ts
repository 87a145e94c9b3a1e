import type { ExportedSession } from '../../formats/format.ts';
import { writePi } from '../../formats/pi/write.ts';
import { writeTurnkeep } from '../../formats/turnkeep/write.ts';
import type { Context, DownloadHandler } from '../handler.ts';
import { formatPorts } from '../format-ports.ts';

export const sessionsExport: DownloadHandler<'sessions.export'> = async function* exported(
  input,
  context,
) {
  const session = await exportedSession(await context.session(input.session), context);
  const write = input.format === 'pi' ? writePi : writeTurnkeep;
  yield* write(session, formatPorts(context));
};

async function exportedSession(session: string, { engine }: Context): Promise<ExportedSession> {
  const { row } = await engine.get(session);
  const { id, key, agent, cwd, title, createdAt, lastSeq, head, forkedFrom, modelInForce } = row;
  const model = modelInForce?.id ?? row.model;
  return { id, key, agent, cwd, title, model, createdAt, lastSeq, head, forkedFrom };
}
