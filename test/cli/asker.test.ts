import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';
import type { Client } from '../../src/client/client.ts';
import { nodeClient } from '../../src/client/node/node-client.ts';
import { Talk } from '../app/talk.ts';
import { Terminal } from './terminal.ts';
import { compiled } from '../compile-cache.ts';

// Questions at a terminal: keys, rules that are shown before they are made, other input, messages.
const cli = path.join(import.meta.dirname, '../../src/cli/main.ts');

let home = '';
let state = '';
let daemon: Daemon;
let client: Client;
const open: Terminal[] = [];
const talks: Talk[] = [];
beforeAll(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-asker-')));
  state = path.join(home, 'state');
  daemon = await startDaemon({ state, log: () => {} });
  client = await nodeClient({ state, env: {} });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.kill()));
});
afterAll(async () => {
  await Promise.all(talks.map((talk) => talk.quiet()));
  client.close();
  await daemon.shutdown('stop');
  await rm(home, { recursive: true, force: true });
});

async function session(more: object = {}): Promise<Talk> {
  const cwd = await mkdtemp(path.join(home, 'work-'));
  const made = await client.sessions.create({ cwd, ...more });
  const talk = new Talk({ client, state, session: made.session.id, cwd });
  talks.push(talk);
  return talk;
}

/** A prompt whose run is followed at a terminal. */
function send(talk: Talk, prompt: string, env: { [name: string]: string } = {}): Terminal {
  const words = [process.execPath, cli, 'send', talk.session, '--wait', prompt];
  const all = {
    HOME: home,
    TURNKEEP_STATE: state,
    TMPDIR: home,
    NO_COLOR: '1',
    ...compiled(),
    ...env,
  };
  const terminal = new Terminal(words, all, 100);
  open.push(terminal);
  return terminal;
}

test(
  'A4: s makes the rule that was shown, in the session, and the same again is one line with its rule',
  { timeout: 60_000 },
  async () => {
    const talk = await session();
    const terminal = send(talk, '[[ask run echo a]] [[ask run echo a]] [[ask run echo b]]');
    await terminal.shows(
      /\? echo a\s+asked because no rule is about it[^]*d in this directory: echo a/,
    );
    terminal.type('s');
    await terminal.shows(/from now on, in this session: allow echo a[^]*Enter makes it so/);
    // Any other key goes back, and nothing is made.
    terminal.type('x');
    await terminal.shows(/y allow once/);
    expect(talk.of('settings').filter(({ data }) => data.changes.policy)).toEqual([]);
    terminal.type('s');
    await terminal.shows(/Enter makes it so/);
    terminal.type('\r');
    await terminal.shows(
      /✓ allowed: echo a, because a rule allows echo a \(session, rule 1\)[^]*\? echo b/,
    );
    terminal.type('y');
    expect(await terminal.ended()).toBe(0);
    const made = talk.of('decision').map(({ data }) => data.remembered ?? data.ruling?.rule);
    const rules = [{ effect: 'allow', command: 'echo a' }];
    expect(made).toEqual([{ level: 'session', rules }, 0, undefined]);
    expect(terminal.text).not.toMatch(/\? echo a[^]*\? echo a/);
  },
);

test(
  'A4: d makes a rule for the directory, and w another one than what was shown; one that cannot be is told, and asked again',
  { timeout: 60_000 },
  async () => {
    const talk = await session();
    const terminal = send(talk, '[[ask run echo a]] [[ask run echo b]]');
    await terminal.shows(/d in this directory: echo a/);
    terminal.type('d');
    await terminal.shows(/w writes another rule/);
    terminal.type('w');
    await terminal.shows(/allow: /);
    terminal.type('echo ** c\r');
    await terminal.shows(/rules[^]*y allow once|\*\*[^]*y allow once/);
    terminal.type('d');
    await terminal.shows(/w writes another rule/);
    terminal.type('w');
    await terminal.shows(/allow: /);
    terminal.type('echo *\r');
    expect(await terminal.ended()).toBe(0);
    const { policies } = await client.policy.get({ session: talk.session });
    expect(policies).toMatchObject([
      { directory: talk.cwd, rules: [{ effect: 'allow', command: 'echo *' }] },
    ]);
  },
);

test(
  'A1: e runs what was edited, m denies with a message, n denies; Ctrl-C asks what is meant and then again',
  { timeout: 60_000 },
  async () => {
    const talk = await session();
    const editor = path.join(home, 'editor');
    await writeFile(editor, 'sed s/one/two/ "$1" > "$1.new" && mv "$1.new" "$1"\n');
    const terminal = send(
      talk,
      '[[ask write one|one]] [[ask run echo m]] [[ask run echo n]] [[ask run echo c]]',
      { EDITOR: `sh '${editor}'` },
    );
    await terminal.shows(/e edit it first/);
    terminal.type('e');
    await terminal.shows(/\? echo m[^]*y allow once/);
    expect(await readFile(path.join(talk.cwd, 'two'), 'utf8')).toBe('two');
    terminal.type('m');
    await terminal.shows(/what to tell the agent: /);
    terminal.type('not this one\r');
    await terminal.shows(/\? echo n[^]*y allow once/);
    terminal.type('n');
    await terminal.shows(/\? echo c[^]*y allow once/);
    terminal.type('\u0003');
    await terminal.shows(/any other key goes on/);
    terminal.type('x');
    await terminal.shows(/y allow once/);
    terminal.type('y');
    expect(await terminal.ended()).toBe(0);
    const said = talk.of('decision').map(({ data: { outcome, message } }) => [outcome, message]);
    expect(said).toEqual([
      ['allowed', undefined],
      ['denied', 'not this one'],
      ['denied', undefined],
      ['allowed', undefined],
    ]);
  },
);

test('A5: who attaches is told of a bypass and of its end', { timeout: 60_000 }, async () => {
  const talk = await session({ title: 'Free' });
  await client.sessions.patch({ session: talk.session, policy: { bypassMs: 600_000 } });
  const words = [process.execPath, cli, 'attach', talk.session, '--tail', '0'];
  const terminal = new Terminal(
    words,
    { HOME: home, TURNKEEP_STATE: state, NO_COLOR: '1', ...compiled() },
    100,
  );
  open.push(terminal);
  await terminal.shows(
    /Free · scripted[^]*! nothing is asked until \d\d:\d\d:\d\d, for (10|9) min/,
  );
  await client.sessions.patch({ session: talk.session, policy: { bypassMs: 1000 } });
  await terminal.shows(
    /! nothing is asked until[^]*! the bypass is over: questions are asked again/,
  );
  terminal.type('\u0003');
  expect(await terminal.ended()).toBe(0);
});
