// A daemon in a process of its own, to be killed: `daemon-process.ts STATE CLAUDE TRUSTED…`, where
// CLAUDE says as JSON how Claude Code is started, and each TRUSTED is a directory.
import process from 'node:process';
import type { ClaudeOptions } from '../../src/agents/claude/program.ts';
import { startDaemon } from '../../src/app/daemon.ts';

const [state, claude, ...trusted] = process.argv.slice(2);
if (state === undefined || claude === undefined)
  throw new Error('daemon-process.ts STATE CLAUDE TRUSTED…');
const daemon = await startDaemon({
  state,
  defaultAgent: 'claude',
  claude: JSON.parse(claude) as ClaudeOptions,
  trusted,
});
const { url, tokenFile } = daemon;
process.stdout.write(`${JSON.stringify({ url, tokenFile })}\n`);
process.stdin.once('data', () => void daemon.shutdown('stop'));
await daemon.ended;
process.exit(0);
