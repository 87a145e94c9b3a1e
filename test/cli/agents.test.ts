import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import { runProgram } from '../../src/cli/program.ts';
import { exitCode } from '../../src/protocol/error.ts';
import type { AgentRow } from '../../src/protocol/operations/agents-list.ts';
import manifest from '../../package.json' with { type: 'json' };
import { FakeDaemon } from '../client/fake-daemon.ts';

let out = '';
let err = '';
let state = '';
let daemon: FakeDaemon | null = null;
const io = (): Io => ({
  out: (text) => (out += text),
  err: (text) => (err += text),
  env: { TURNKEEP_STATE: state },
  script: 'main.ts',
  cwd: state,
  outIsTty: false,
  inIsTty: false,
  columns: 80,
  rows: 24,
  stdin: process.stdin,
  onInterrupt: () => () => {},
  onResize: () => () => {},
  now: () => Date.parse('2026-01-01T00:01:00Z'),
});
beforeEach(async () => {
  state = await mkdtemp(path.join(tmpdir(), 'turnkeep-cli-'));
  out = '';
  err = '';
});
afterEach(async () => {
  await daemon?.close();
  daemon = null;
  await rm(state, { recursive: true });
});

const nothing = { version: null, models: null, modes: null, efforts: null, problem: null };
const when = { at: '2026-01-01T00:00:00Z', ageMs: 60_000 };
const base = {
  protocol: 'acp',
  steer: false,
  resume: true,
  images: true,
  editsInput: true,
  hearsDenials: true,
  install: 'get it',
};
const ready: AgentRow = {
  ...base,
  name: 'good',
  title: 'Good agent',
  tested: '1.1.0',
  found: {
    ...nothing,
    ...when,
    state: 'ready',
    path: '/bin/good',
    version: '1.2.3',
    models: {
      values: [
        { id: 'big', name: 'Big\u001B[31m', description: 'the large one' },
        { id: 'small', name: 'small' },
      ],
      default: 'big',
      complete: false,
    },
  },
};
const missing: AgentRow = {
  ...base,
  name: 'gone',
  title: 'Gone agent',
  install: 'npm install -g gone',
  tested: null,
  found: {
    ...nothing,
    ...when,
    state: 'missing',
    path: null,
    problem: { kind: 'missing', message: 'There is no program gone.' },
  },
};

async function answering(agents: AgentRow[], forbidden = false): Promise<FakeDaemon> {
  daemon = new FakeDaemon();
  daemon.answer = ({ operation, input }) => {
    if (forbidden && operation === 'agents.probe') {
      return { status: 403, body: { error: { code: 'forbidden', message: 'No.' } } };
    }
    const asked = agents.filter(({ name }) => [undefined, name].includes(input['agent'] as string));
    return { body: { default: 'good', agents: asked } };
  };
  const url = await daemon.listen();
  await writeFile(path.join(state, 'daemon.json'), JSON.stringify({ url, pid: 7 }));
  await writeFile(path.join(state, 'token'), 'secret\n');
  return daemon;
}

test('agents are a table, and who is missing is told how to be installed', async () => {
  const { asked } = await answering([ready, missing]);
  await expect(runProgram(['agents'], io())).resolves.toBe(0);
  expect(out.split('\n').map((line) => line.trim().split(/\s{2,}/))).toEqual([
    ['AGENT', 'TITLE', 'VERSION', 'STATE', 'MODEL', 'MODE', 'EFFORT'],
    ['*', 'good', 'Good agent', '1.2.3', 'ready', 'big of 2'],
    ['gone', 'Gone agent', 'missing'],
    ['gone: Gone agent is not installed: npm install -g gone'],
    [''],
  ]);
  expect(asked.map(({ operation, input }) => [operation, input])).toEqual([
    ['agents.probe', { refresh: false }],
  ]);
});

test('one agent is shown with all that it offers, cleaned', async () => {
  const { asked } = await answering([ready, missing]);
  await expect(runProgram(['agents', 'good', '--probe'], io())).resolves.toBe(0);
  expect(out).toBe(
    [
      'Good agent (good), acp: resume, images',
      'state    ready, as of 1m ago',
      'program  /bin/good',
      'version  1.2.3 (tested with 1.1.0)',
      'models (and others)',
      '  * big  Big · the large one',
      '    small',
      '',
    ].join('\n'),
  );
  expect(asked.at(-1)?.input).toEqual({ refresh: true, agent: 'good' });
});

test('as JSON they are the answer of the operation', async () => {
  await answering([ready, missing]);
  await expect(runProgram(['agents', '--json'], io())).resolves.toBe(0);
  expect(JSON.parse(out)).toEqual({ default: 'good', agents: [ready, missing] });
});

test('S1: a token that may only look gets what is known, and is told so', async () => {
  const { asked } = await answering([{ ...ready, found: null }], true);
  await expect(runProgram(['agents'], io())).resolves.toBe(0);
  expect(out).toContain('not asked');
  expect(err).toContain('may not ask the agents');
  expect(asked.map(({ operation }) => operation)).toEqual(['agents.probe', 'agents.list']);
  await expect(runProgram(['agents', '--probe'], io())).resolves.toBe(exitCode.forbidden);
});

test('without a daemon agents says how to start one', async () => {
  await expect(runProgram(['agents'], io())).resolves.toBe(exitCode.unavailable);
  expect(err).toContain(`No daemon serves ${state}. Start one with \`turnkeep up\`.`);
});

test('--version prints those of the command and of Node', async () => {
  await expect(runProgram(['--version'], io())).resolves.toBe(0);
  expect(out).toBe(`turnkeep ${manifest.version} (Node ${process.versions.node})\n`);
});
