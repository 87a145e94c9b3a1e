// A daemon in a process of its own, to be killed: `daemon-process.ts STATE PORT [CLAUDE]`, where CLAUDE says
// as JSON how Claude Code is started, which is then the agent of all sessions.
import process from 'node:process';
import type { ClaudeOptions } from '../../src/agents/claude/program.ts';
import { startDaemon } from '../../src/app/daemon.ts';

const [state, port, claude] = process.argv.slice(2);
if (state === undefined || port === undefined)
  throw new Error('Usage: daemon-process.ts STATE PORT [CLAUDE]');
const agent =
  claude === undefined
    ? {}
    : { defaultAgent: 'claude', claude: JSON.parse(claude) as Omit<ClaudeOptions, 'trusted'> };
const daemon = await startDaemon({ state, port: Number(port), ...agent });
const readyMs = Math.round(performance.now());
process.stdout.write(`${JSON.stringify({ url: daemon.url, readyMs })}\n`);
await daemon.ended;
process.exit(0);
