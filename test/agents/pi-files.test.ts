// The real pi coding agent reads what is exported for it, and what it wrote comes in.
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linesOf, LogWorld } from '../api/log-world.ts';
import type { Json } from '../api/harness.ts';

const piVersion = '0.87.1';
const run = promisify(execFile);
const cache = path.join(import.meta.dirname, '../../node_modules/.cache/turnkeep-agents');
const folder = path.join(cache, `pi-${piVersion}`);
const home = path.join(folder, 'node_modules/@earendil-works/pi-coding-agent');

let place = '';
// oxlint-disable-next-line typescript/no-explicit-any -- the package is not there when types are checked
let SessionManager: any;

beforeAll(async () => {
  await access(home).catch(async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'package.json'), '{"private":true}\n');
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    const wanted = `@earendil-works/pi-coding-agent@${piVersion}`;
    await run('npm', ['install', ...options, wanted], { cwd: folder });
  });
  place = await mkdtemp(path.join(tmpdir(), 'turnkeep-pi-'));
  const module: Json = await import(
    /* @vite-ignore */ path.join(home, 'dist/core/session-manager.js')
  );
  ({ SessionManager } = module);
});
afterAll(() => rm(place, { recursive: true, force: true }));

const user = (content: string) => ({ role: 'user', content, timestamp: Date.now() });
const assistant = (text: string) => ({
  role: 'assistant',
  content: [{ type: 'text', text }],
  api: 'x',
  provider: 'y',
  model: 'z',
  usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0, totalTokens: 2, cost: { total: 0 } },
  stopReason: 'stop',
  timestamp: Date.now(),
});

test('L3: a tree that pi has written comes back byte for byte', async () => {
  const pi = SessionManager.create(place, place);
  pi.appendMessage(user('one'));
  const fork = pi.appendMessage(assistant('two'));
  pi.appendMessage(user('three'));
  pi.appendMessage(assistant('four'));
  pi.branchWithSummary(fork, 'three and four');
  pi.appendMessage(user('five'));
  pi.appendMessage(assistant('six'));
  const written = await readFile(pi.getSessionFile(), 'utf8');
  const world = await LogWorld.open();
  const { session } = await world.client.sessions.import(written);
  expect(session.lastMessage).toBe('six');
  expect(await world.export(session.id, 'pi')).toBe(written);
});

test('L7: pi opens the export of any session, and sees its conversation in order', async () => {
  const world = await LogWorld.open((turn) => {
    const call = {
      call: 'c1',
      title: 'ls',
      kind: 'execute',
      name: 'bash',
      input: { command: 'ls' },
    };
    const content = [{ type: 'content', content: { type: 'text', text: 'a' } }];
    turn.print({ type: 'tool_call', toolCall: { ...call, status: 'in_progress' } });
    turn.print({ type: 'tool_call', toolCall: { ...call, status: 'completed', content } });
    turn.say('There is a.');
  });
  const session = await world.bench.session('List the files');
  await (await world.bench.watch(session)).entry('run_ended');
  const file = path.join(place, 'ours.jsonl');
  const ours = await world.export(session, 'pi');
  await writeFile(file, ours);
  const pi = SessionManager.open(file);
  expect(pi.getSessionId()).toBe(session);
  expect(pi.getSessionName()).toBe('List the files');
  expect(pi.getEntries()).toHaveLength(linesOf(ours).length - 1);
  const { messages } = pi.buildSessionContext();
  expect(messages.map(({ role }: Json) => role)).toEqual([
    'user',
    'assistant',
    'toolResult',
    'assistant',
  ]);
  const page = path.join(place, 'page.html');
  const program = path.join(folder, 'node_modules/.bin/pi');
  const env = { ...process.env, HOME: place, PI_OFFLINE: '1' };
  await run(process.execPath, [program, '--export', file, page], { env });
  expect((await readFile(page, 'utf8')).length).toBeGreaterThan(10_000);
});
