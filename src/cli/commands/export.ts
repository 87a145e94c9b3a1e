import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { operations } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { refuse } from '../../domain/refusal.ts';
import { Progress } from '../progress.ts';
import { sessionText } from './sessions.ts';

interface ExportOptions extends Common {
  format: string;
  output?: string;
}

const interrupted = 130;

export function addExport(program: Command, act: Act): void {
  program
    .command('export')
    .description(operations['sessions.export'].summary)
    .argument('<session>', sessionText)
    .option('--format <name>', 'turnkeep, or pi for the pi coding agent', 'turnkeep')
    .option('-o, --output <file>', 'write a file; without it to the standard output')
    .action(act(exportLog));
}

function exportLog(io: Io, options: ExportOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const stopping = new AbortController();
    const { signal } = stopping;
    const release = io.onInterrupt(() => stopping.abort());
    try {
      const { id } = await findSession(client, name);
      const input = { session: id, format: formatNamed(options.format) };
      const lines = await client.sessions.export(input, { signal });
      const progress = new Progress(io, 'exported');
      if (options.output === undefined) await print(lines, io);
      else await writeWhole(lines, path.resolve(io.cwd, options.output), progress);
      progress.end();
      return 0;
    } catch (error) {
      if (!signal.aborted) throw error;
      io.err('Stopped. Nothing was written.\n');
      return interrupted;
    } finally {
      release();
    }
  });
}

function formatNamed(name: string): 'turnkeep' | 'pi' {
  if (name === 'turnkeep' || name === 'pi') return name;
  throw refuse('invalid', `There is no format ${name}: choose turnkeep or pi.`, {
    field: 'format',
  });
}

async function print(lines: ReadableStream<Uint8Array>, io: Io): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of lines) io.out(decoder.decode(chunk, { stream: true }));
  io.out(decoder.decode());
}

/** Under its name only when it is whole. */
async function writeWhole(
  lines: ReadableStream<Uint8Array>,
  file: string,
  progress: Progress,
): Promise<void> {
  const part = `${file}.part`;
  try {
    await pipeline(counted(lines, progress), createWriteStream(part, { mode: 0o600 }));
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function* counted(
  lines: ReadableStream<Uint8Array>,
  progress: Progress,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of lines) {
    progress.add(chunk.byteLength);
    yield chunk;
  }
}
