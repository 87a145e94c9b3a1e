import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { refuse } from '../../domain/refusal.ts';
import { operations, type OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { jsonLine, oneLine } from '../clean.ts';
import { type Common, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { Progress } from '../progress.ts';

interface ImportOptions extends Common {
  id?: string;
  agent?: string;
  cwd?: string;
  json?: boolean;
}

const interrupted = 130;

export function addImport(program: Command, act: Act): void {
  program
    .command('import')
    .description(operations['sessions.import'].summary)
    .argument('<files...>', 'exported logs, or session files of the pi coding agent')
    .option('--id <id>', 'id of the session, for one file')
    .option('--agent <name>', 'agent of a session from a pi file')
    .option('--cwd <dir>', 'directory of a session from a pi file')
    .option('--json', 'print what came of each file, one JSON per line')
    .action(act(importLogs));
}

function importLogs(io: Io, options: ImportOptions, files: readonly string[]): Promise<number> {
  if (options.id !== undefined && files.length > 1) {
    throw refuse('invalid', 'An id is for one file only.', { field: 'id' });
  }
  return withClient(io, options, async (client) => {
    const stopping = new AbortController();
    const { signal } = stopping;
    const release = io.onInterrupt(() => stopping.abort());
    try {
      for (const file of files) {
        const answer = await importFile(client, { io, options, signal }, file);
        if (options.json === true) io.out(`${jsonLine({ file, ...answer })}\n`);
        else io.out(`${said(file, answer)}\n`);
      }
      return 0;
    } catch (error) {
      if (!signal.aborted) throw error;
      io.err('Stopped. What was imported stays; the same file again goes on from there.\n');
      return interrupted;
    } finally {
      release();
    }
  });
}

type Answer = OutputOf<'sessions.import'>;

async function importFile(
  client: Client,
  { io, options, signal }: { io: Io; options: ImportOptions; signal: AbortSignal },
  file: string,
): Promise<Answer> {
  const { id, agent, cwd } = options;
  const whole = path.resolve(io.cwd, file);
  const { size } = await stat(whole).catch((error: NodeJS.ErrnoException) => {
    throw refuse('not_found', `${file} cannot be read: ${error.code ?? 'unknown'}. Name a file.`);
  });
  const progress = new Progress(io, `${oneLine(file)}:`, size);
  const input = {
    ...(id === undefined ? {} : { id }),
    ...(agent === undefined ? {} : { agent }),
    ...(cwd === undefined ? {} : { cwd: path.resolve(io.cwd, cwd) }),
  };
  try {
    return await client.sessions.import(counted(whole, progress), input, { signal });
  } finally {
    progress.end();
  }
}

async function* counted(file: string, progress: Progress): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    progress.add((chunk as Uint8Array).byteLength);
    yield chunk as Uint8Array;
  }
}

function said(file: string, { session, created, added }: Answer): string {
  const what = created ? 'a new session' : 'a session that was here';
  return `${oneLine(file)}: ${session.id}, ${what}, ${added} entries added`;
}
