// A daemon in a process of its own, which ends at a word on its stdin, or by its own hand at a step of its
// work on archives: `raw-daemon.ts STATE 'before 3'`.
import { join } from 'node:path';
import process from 'node:process';
import { deadlySteps } from '../hosts/deadly-steps.ts';

const [state = '', step = ''] = process.argv.slice(2);
if (step !== '') await deadlySteps(step, join(state, 'archive') + '/');
const { startDaemon } = await import('../../src/app/daemon.ts');
const daemon = await startDaemon({ state });
const { url, tokenFile } = daemon;
process.stdout.write(`${JSON.stringify({ url, tokenFile })}\n`);
process.stdin.once('data', () => void daemon.shutdown('stop'));
await daemon.ended;
process.exit(0);
