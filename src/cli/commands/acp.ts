import { Readable, Writable } from 'node:stream';
import { ndJsonStream } from '@agentclientprotocol/sdk/unstable';
import type { Command } from 'commander';
import { serveEditor } from '../../acp-face/face.ts';
import { version } from '../../app/version.ts';
import { realPace } from '../../client/pace.ts';
import type { Act } from '../act.ts';
import { type Common, connectOrStart, findSession } from '../connect.ts';
import type { Io } from '../io.ts';

interface AcpOptions extends Common {
  agent?: string;
  session?: string;
}

export function addAcp(program: Command, act: Act): void {
  program
    .command('acp')
    .description('Serve sessions to an editor by the Agent Client Protocol, on stdio.')
    .option('--agent <name>', "agent of new sessions (default: the daemon's own)")
    .option('--session <session>', 'open this one where the editor asks for a new session')
    .action(act(serve));
}

/** Until the editor ends its side. A daemon is started where none runs, and outlives the editor. */
async function serve(io: Io, options: AcpOptions): Promise<number> {
  const { agent, session: named } = options;
  const first = await connectOrStart(io, options);
  const session = named === undefined ? undefined : (await findSession(first, named)).id;
  first.close();
  // Its type knows byte streams of the platform only, which these are.
  const input = Readable.toWeb(io.stdin) as unknown as ReadableStream<Uint8Array>;
  const output = Writable.toWeb(process.stdout) as WritableStream<Uint8Array>;
  const connection = serveEditor(ndJsonStream(output, input), {
    client: (name) => connectOrStart(io, { ...options, name }),
    ...(agent === undefined ? {} : { agent }),
    ...(session === undefined ? {} : { session }),
    version,
    pace: realPace,
  });
  const stop = io.onInterrupt(() => connection.close());
  await connection.closed;
  stop();
  return 0;
}
