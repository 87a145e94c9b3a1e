import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';
import type { Client } from '../../src/client/client.ts';
import { nodeClient } from '../../src/client/node/node-client.ts';
import { widthOf } from '../../src/cli/render/width.ts';
import { until } from '../app/processes.ts';
import { Terminal } from './terminal.ts';
import { compiled } from '../compile-cache.ts';

const cli = path.join(import.meta.dirname, '../../src/cli/main.ts');
const interrupt = '\u0003';

let home = '';
let state = '';
let daemon: Daemon;
let client: Client;
const open: Terminal[] = [];
/** State directories of daemons that a test starts itself. */
const owns: string[] = [];
beforeAll(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-terminal-')));
  state = path.join(home, 'state');
  daemon = await startDaemon({ state, log: () => {} });
  client = await nodeClient({ state, env: {} });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.kill()));
  // Where a test has failed in the middle agents may be left: another daemon finds and ends them.
  for (const own of owns.splice(0)) {
    await (await startDaemon({ state: own, log: () => {} })).shutdown('stop');
  }
});
afterAll(async () => {
  client.close();
  await daemon.shutdown('stop');
  await rm(home, { recursive: true, force: true });
});

function turnkeep(words: readonly string[], { at = state, columns = 80, env = {} } = {}): Terminal {
  const terminal = new Terminal(
    [process.execPath, cli, ...words],
    { HOME: home, TURNKEEP_STATE: at, ...compiled(), ...env },
    columns,
  );
  open.push(terminal);
  return terminal;
}

async function make(title: string, prompt?: string): Promise<string> {
  const { session } = await client.sessions.create({
    cwd: home,
    title,
    ...(prompt === undefined ? {} : { prompt }),
  });
  return session.id;
}

test(
  'R8: the question at Ctrl-C is taken back when the last run ends, and the daemon with it',
  { timeout: 60_000 },
  async () => {
    const own = path.join(home, 'own');
    owns.push(own);
    const up = turnkeep(['up'], { at: own });
    await up.shows(/Ctrl-C ends it/);
    const other = await nodeClient({ state: own, env: {} });
    const { session } = await other.sessions.create({ cwd: home, prompt: '[[ask run true]]' });
    await until('a question', async () => (await other.approvals.list({})).approvals.length === 1);
    up.type(interrupt);
    await up.shows(/1 run is open: s or Ctrl-C stop/);
    const [asked] = (await other.approvals.list({})).approvals;
    await other.approvals.decide({
      session: session.id,
      approval: asked!.entry.id,
      verdict: 'allow',
    });
    await up.shows(/No run is open any more\.\s+Ended\. No run was open\./);
    expect(await up.ended()).toBe(0);
    other.close();
  },
);

test(
  'R8: at Ctrl-C any other key goes on, d leaves the agents working, s stops them',
  { timeout: 60_000 },
  async () => {
    const own = path.join(home, 'keys');
    owns.push(own);
    const first = turnkeep(['up'], { at: own });
    await first.shows(/Ctrl-C ends it/);
    const other = await nodeClient({ state: own, env: {} });
    await other.sessions.create({ cwd: home, prompt: '[[hang]]' });
    other.close();
    first.type(interrupt);
    await first.shows(/1 run is open/);
    first.type('x');
    await first.shows(/It goes on/);
    first.type(interrupt);
    await first.shows(/1 run is open/);
    first.type('d');
    await first.shows(/Still working:/);
    expect(await first.ended()).toBe(0);
    const second = turnkeep(['up'], { at: own });
    await second.shows(/Ctrl-C ends it/);
    second.type(interrupt);
    await second.shows(/1 run is open/);
    second.type('s');
    await second.shows(/Stopped:/);
    expect(await second.ended()).toBe(0);
  },
);

test(
  'the list is live, is left by q, and Enter attaches to the chosen session',
  { timeout: 60_000 },
  async () => {
    await make('The first');
    const list = turnkeep(['ls', '--watch'], { columns: 40 });
    await list.shows(/1 session(?!s)[^]*The first/);
    const second = await make('世界 second', '[[say hello there]]');
    await list.shows(/2 sessions[^]*世界 second[^]*hello there/);
    await client.sessions.patch({ session: second, archived: true });
    await list.shows(/1 session(?!s)/);
    list.type('j');
    await list.shows('\u001B[7mThe first\u001B[27m');
    list.type('\r');
    await list.shows(/Ctrl-C goes back to the list/);
    list.type(interrupt);
    await list.shows('\u001B[7mThe first');
    list.type('q');
    expect(await list.ended()).toBe(0);
    const { text } = list;
    expect(text.split('\u001B[?1049h')).toHaveLength(text.split('\u001B[?1049l').length);
    expect(text.endsWith('\u001B[?25h\u001B[?1049l')).toBe(true);
    // Drawn over, never cleared first: that is what would flicker.
    expect(text).not.toContain('\u001B[2J');
    const pictures = text.split('\u001B[H').slice(1);
    const lines = pictures.flatMap((one) => stripVTControlCharacters(one).split('\r\n'));
    expect(pictures.length).toBeGreaterThan(3);
    expect(lines.filter((line) => line.includes('session') && widthOf(line) > 40)).toEqual([]);
  },
);

test(
  'without a terminal the live list is a stream of changes, as JSON or as lines',
  { timeout: 60_000 },
  async () => {
    const child = spawn(process.execPath, [cli, 'ls', '--watch', '--json', '--label', 'mine'], {
      env: { PATH: process.env['PATH'], HOME: home, TURNKEEP_STATE: state, ...compiled() },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    const changes = () =>
      out
        .split('\n')
        .slice(0, -1)
        .map(
          (line) => JSON.parse(line) as { session: string; reasons: string[]; row: object | null },
        );
    const { session } = await client.sessions.create({ cwd: home, label: 'mine' });
    await until('the first row', () => Promise.resolve(changes().length > 0));
    expect(changes()[0]).toMatchObject({ session: session.id, row: { label: 'mine' } });
    await client.sessions.patch({ session: session.id, label: 'other' });
    await until('its end', () => Promise.resolve(changes().at(-1)?.row === null));
    expect(changes().at(-1)).toMatchObject({ session: session.id, reasons: ['patch'], row: null });
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
  },
);

test('what cannot be taken back is asked about, and no is no', { timeout: 60_000 }, async () => {
  const session = await make('To be purged', '[[hang]]');
  const no = turnkeep(['rm', '--purge', 'To be purged']);
  await no.shows(/removes for good.*To be purged\. Go on\? y\/N/);
  no.type('n');
  expect(await no.ended()).toBe(1);
  expect((await client.sessions.get({ session })).session.deletedAt).toBeNull();

  const all = turnkeep(['stop-all']);
  await all.shows(/stops the run that is open\. Go on\?/);
  all.type('y');
  expect(await all.ended()).toBe(0);
  expect(all.text).toMatch(/run \w+ {2}cancelled/);

  const yes = turnkeep(['rm', '--purge', session]);
  await yes.shows(/Go on\?/);
  yes.type('y');
  expect(await yes.ended()).toBe(0);
  await expect(client.sessions.get({ session })).rejects.toThrow('no session');
});

test('NO_COLOR leaves the terminal without colours', { timeout: 60_000 }, async () => {
  const list = turnkeep(['ls', '--all'], { env: { NO_COLOR: '1' } });
  expect(await list.ended()).toBe(0);
  expect(list.text).toContain('The first');
  expect(list.text).not.toContain('\u001B');
});
