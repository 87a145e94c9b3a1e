#!/usr/bin/env node
import { processIo } from './io.ts';
import { runProgram } from './program.ts';

// A reader that has enough (`turnkeep show … | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await runProgram(process.argv.slice(2), processIo());
