// A daemon in a process of its own, to be killed: `daemon-process.ts STATE AGENT OPTIONS TRUSTED…`, where
// OPTIONS says as JSON how the agent is started, and each TRUSTED is a directory.
import process from 'node:process';
import type { ClaudeOptions } from '../../src/agents/claude/program.ts';
import type { CodexOptions } from '../../src/agents/codex/program.ts';
import { startDaemon } from '../../src/app/daemon.ts';

const [state, agent, options, ...trusted] = process.argv.slice(2);
if (state === undefined || agent === undefined || options === undefined)
  throw new Error('daemon-process.ts STATE AGENT OPTIONS TRUSTED…');
const daemon = await startDaemon({
  state,
  defaultAgent: agent,
  [agent]: JSON.parse(options) as ClaudeOptions | CodexOptions,
  trusted,
});
const { url, tokenFile } = daemon;
process.stdout.write(`${JSON.stringify({ url, tokenFile })}\n`);
process.stdin.once('data', () => void daemon.shutdown('stop'));
await daemon.ended;
process.exit(0);
