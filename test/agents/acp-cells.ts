// What is asked of every agent that speaks ACP, with the real program. What one of them cannot do is expected
// to fail, and the run fails when it no longer does.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../app/processes.ts';
import type { Talk } from '../app/talk.ts';
import type { Usage } from '../fixtures/models/anthropic.ts';
import { script } from './model-script.ts';
import { checked, isThere, Place } from './place.ts';
import type { RealAgent } from './real-agents.ts';

export const cells = {
  stream: 'V4: its text is seen token by token, and its thoughts stand beside it',
  usage: 'what a turn took is told, as the service counted it',
  cost: 'what a turn cost is told',
  write: 'A1: a file that is allowed is written, and its approval names it',
  command: 'A1: a command that is allowed runs, and is in its approval',
  output: 'what a command prints is in the log',
  deny: 'A1: what is denied does not happen, and the turn goes on',
  policy: 'A4: what the policy allows is not asked about',
  abortStream:
    'R4: an abort in the middle of a text ends the turn, and the next prompt is answered',
  abortCommand: 'R4: an abort in the middle of a command leaves nothing of it running',
  abortApproval: 'A3 R4: an abort withdraws an open question, and what was asked does not happen',
  queue: 'P2: three prompts are answered in their order, one at a time',
  refused: 'R3: a model that refuses the key fails the run as auth',
  limited: 'R3: a model that is asked too often fails the run as limit',
  broken: 'R3: a model service that fails fails the run as service',
  wrong: 'R3: a request that the model does not take fails the run as request',
  resume: 'R10: a session whose host was stopped is resumed with all that was said',
  killAgent:
    'P3: an agent that is killed ends its run, and the next prompt finds all that was said',
  killDaemon: 'R7 V4: a daemon killed in the middle of a text finds the same turn, nothing doubled',
  killApproval:
    'A2: an approval that is open across the kill of the daemon can be decided after it',
  directory: 'S8: what a directory that is not trusted brings along is neither run nor read',
  trusted: 'S8: what a trusted directory brings along is used',
} as const;

export type Cell = keyof typeof cells;

export interface Dialect {
  agent: RealAgent;
  /** Lines of a script that call its tools. */
  write: (file: string, content: string) => string;
  bash: (command: string) => string;
  /** What it cannot do, each with the reason. */
  cannot: { readonly [C in Cell]?: string };
  /** What of a turn's usage it tells, of what the service counted. */
  tokens: (counted: Usage) => object;
  thoughts: RegExp | null;
  /** What has to be so before a conversation can be opened again, in the agent's home. */
  settled?: (home: string) => Promise<void>;
  /** Files of a directory by which it may be made to do something; MARK is touched by what runs. */
  brings: { readonly [name: string]: string };
}

/** Agents start slowly, and try again before they give up. */
const patience = 60_000;
/** For what is expected to fail. */
const briefly = 15_000;

export function conforms(dialect: Dialect): void {
  const { agent, write, bash, cannot } = dialect;
  let place: Place;

  beforeAll(async () => {
    place = await Place.open(['trusted'], agent);
  });

  afterAll(() => place.close());

  const cell = (name: Cell, run: () => Promise<void>): void => {
    const reason = cannot[name];
    if (reason === undefined) test(cells[name], run, 2 * patience);
    else test.fails(`${cells[name]} (it cannot: ${reason})`, run, 2 * patience);
  };

  const opened: string[] = [];
  const session = async (directory?: string): Promise<Talk> => {
    const talk = await place.session(directory);
    opened.push(talk.session);
    return talk;
  };

  // An agent may take half a gigabyte: its host does not wait for the next test.
  afterEach(async () => {
    for (const name of opened.splice(0)) {
      await place.client.sessions.abort({ session: name, force: true, wait: true });
      await place.client.sessions.delete({ session: name });
    }
  });

  /** Answers the next question about a tool of this kind. */
  const decide = async (talk: Talk, verdict: 'allow' | 'deny', n = 1): Promise<void> => {
    await until(
      'the question',
      async () => talk.of('approval').length >= n && talk.of('approval').length > 0,
      patience,
    );
    await talk.decide(talk.of('approval')[n - 1]!.id, verdict);
  };

  cell('stream', async () => {
    const talk = await session();
    await talk.send(script('!think let me see', '!say one ', '!hold tokens', '!say two'));
    const seen = await place.partial(talk.session, ({ whole }) => whole === 'one ');
    place.model.release('tokens');
    const { data } = await talk.end(1, patience);
    expect(data.outcome).toBe('completed');
    expect(talk.texts('message')).toEqual(['one two']);
    expect(talk.of('message')[0]?.id).toBe(seen.entryId);
    if (dialect.thoughts !== null) {
      expect(talk.texts('thought').join('')).toMatch(dialect.thoughts);
    }
    await checked(talk);
  });

  cell('usage', async () => {
    const talk = await session();
    const from = place.model.bill.length;
    await talk.send(script(bash('touch counted'), '!next', '!say what it takes'));
    await decide(talk, 'allow');
    const { data } = await talk.end(1, patience);
    const counted = place.model.bill.slice(from).map(({ usage }) => usage);
    const sum = (of: (usage: Usage) => number): number => {
      return counted.reduce((all, usage) => all + of(usage), 0);
    };
    const all: Usage = {
      input_tokens: sum((usage) => usage.input_tokens),
      cache_creation_input_tokens: sum((usage) => usage.cache_creation_input_tokens),
      cache_read_input_tokens: sum((usage) => usage.cache_read_input_tokens),
      output_tokens: sum((usage) => usage.output_tokens),
    };
    expect(data.usage.tokens).toMatchObject(dialect.tokens(all));
    await checked(talk);
  });

  cell('cost', async () => {
    const talk = await session();
    await talk.send('!say what it costs');
    expect((await talk.end(1, patience)).data.usage.cost?.amount).toBeGreaterThan(0);
    await checked(talk);
  });

  cell('write', async () => {
    const talk = await session();
    const file = path.join(talk.cwd, 'note');
    await talk.send(script(write(file, 'written\n'), '!next', '!say done'));
    const approval = await talk.next('approval', () => true, patience);
    expect(await isThere(file)).toBe(false);
    expect(approval.data.toolCall?.kind).toBe('edit');
    expect(JSON.stringify(approval.data.toolCall)).toContain(file);
    await talk.decide(approval.id, 'allow');
    expect((await talk.end(1, patience)).data.outcome).toBe('completed');
    expect((await readFile(file, 'utf8')).trim()).toBe('written');
    const state = talk.of('tool_call').findLast(({ data }) => data.kind === 'edit');
    expect(state?.data.status).toBe('completed');
    await checked(talk);
  });

  cell('command', async () => {
    const talk = await session();
    await talk.send(script(bash('touch made && echo the output'), '!next', '!say ran'));
    const approval = await talk.next('approval', () => true, patience);
    expect(approval.data.toolCall).toMatchObject({ kind: 'execute' });
    expect(approval.data.title).toContain('touch made && echo the output');
    expect(await isThere(path.join(talk.cwd, 'made'))).toBe(false);
    await talk.decide(approval.id, 'allow');
    expect((await talk.end(1, patience)).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'made'))).toBe(true);
    expect(talk.of('tool_call').at(-1)?.data.status).toBe('completed');
    await checked(talk);
  });

  cell('output', async () => {
    const talk = await session();
    await talk.send(script(bash('touch made && echo the output'), '!next', '!say ran'));
    await decide(talk, 'allow');
    await talk.end(1, patience);
    const last = talk.of('tool_call').at(-1)?.data;
    expect(JSON.stringify([last?.output, last?.content])).toContain('the output');
  });

  cell('deny', async () => {
    const talk = await session();
    await talk.send(script(bash('touch never'), '!next', '!say so not'));
    await decide(talk, 'deny');
    expect((await talk.end(1, patience)).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'never'))).toBe(false);
    await checked(talk);
    await talk.send('!say and again');
    expect((await talk.end(2, patience)).data.outcome).toBe('completed');
  });

  cell('policy', async () => {
    const talk = await session();
    const rules = [{ effect: 'allow', command: 'touch ruled' } as const];
    await place.client.policy.set({ directory: talk.cwd, rules });
    await talk.send(script(bash('touch ruled'), '!next', '!say done'));
    expect((await talk.end(1, patience)).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'ruled'))).toBe(true);
    await checked(talk);
  });

  cell('abortStream', async () => {
    const talk = await session();
    await talk.send(script('!say it begins ', '!hold never', '!say and is not heard'));
    await place.partial(talk.session, ({ whole }) => whole.startsWith('it begins'));
    await talk.abort({ wait: true });
    expect((await talk.end(1, patience)).data.outcome).toBe('cancelled');
    expect(talk.texts('message').join('')).toBe('it begins ');
    await talk.send('!say well again');
    expect((await talk.end(2, patience)).data.outcome).toBe('completed');
    expect(talk.of('host').filter(({ data }) => data.state === 'launched')).toHaveLength(1);
    await checked(talk);
  });

  cell('abortCommand', async () => {
    const talk = await session();
    // Found by its argument, which no other process has.
    const length = `10${process.pid % 10_000}.25`;
    const running = async (): Promise<boolean> => {
      return (await commandLines()).some((line) => line === `sleep ${length}`);
    };
    await talk.send(script(bash(`sleep ${length}`), '!next', '!say slept'));
    await decide(talk, 'allow');
    await until('the command runs', running, patience);
    await talk.abort({ wait: true });
    expect((await talk.end(1, patience)).data.outcome).toBe('cancelled');
    await until('the command is gone', async () => !(await running()), patience);
    await talk.send('!say well again');
    expect((await talk.end(2, patience)).data.outcome).toBe('completed');
    await checked(talk);
  });

  cell('abortApproval', async () => {
    const talk = await session();
    await talk.send(script(bash('touch never'), '!next', '!say done'));
    const approval = await talk.next('approval', () => true, patience);
    await talk.abort({ wait: true });
    expect((await talk.end(1, patience)).data.outcome).toBe('cancelled');
    const decision = await talk.next('decision', ({ about }) => about === approval.id);
    expect(decision.data.outcome).toBe('withdrawn');
    await talk.send('!say again');
    expect((await talk.end(2, patience)).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'never'))).toBe(false);
    await checked(talk);
  });

  cell('queue', async () => {
    const talk = await session();
    await talk.send(script('!say first ', '!hold queue'));
    await place.partial(talk.session, ({ whole }) => whole === 'first ');
    for (const text of ['second', 'third']) {
      expect((await talk.send(`!say ${text}`)).state).toBe('queued');
    }
    place.model.release('queue');
    await talk.end(3, patience);
    expect(talk.texts('message')).toEqual(['first ', 'second', 'third']);
    expect(talk.of('delivery')).toHaveLength(3);
    await checked(talk);
  });

  const failures = [
    ['refused', 401, 'auth'],
    ['limited', 429, 'limit'],
    ['broken', 500, 'service'],
    ['wrong', 400, 'request'],
  ] as const;
  for (const [name, status, category] of failures) {
    cell(name, async () => {
      const talk = await session();
      await talk.send(`!fail ${status}`);
      const ms = cannot[name] === undefined ? patience : briefly;
      const { data } = await talk.end(1, ms);
      expect(data).toMatchObject({ outcome: 'failed', error: { category } });
      expect(data.error?.message).toContain('scripted');
      await talk.send('!say well again');
      expect((await talk.end(2, patience)).data.outcome).toBe('completed');
      expect(talk.texts('message').at(-1)).toBe('well again');
      await checked(talk);
    });
  }

  /** The same session, seen by a client of the next daemon. */
  const restarted = async (before: Talk): Promise<Talk> => {
    await place.start();
    return place.talk(before.session, before.cwd);
  };

  cell('resume', async () => {
    const before = await session();
    await before.send('!say something to remember');
    await before.end(1, patience);
    const { nativeId } = (await before.whole()).row;
    await place.stop();
    await dialect.settled?.(place.home);
    const talk = await restarted(before);
    await talk.send('!recall');
    await talk.end(2, patience);
    // The replayed history is in the log once, as it was first told.
    expect(talk.texts('message')).toEqual([
      'something to remember',
      'remembered: !say something to remember',
    ]);
    expect((await talk.whole()).row.nativeId).toBe(nativeId);
    expect(talk.of('host').filter(({ data }) => data.resumed === true)).toHaveLength(1);
    await checked(talk);
  });

  cell('killAgent', async () => {
    const talk = await session();
    await talk.send('!say I know this');
    await talk.end(1, patience);
    await talk.send(script('!say half of it ', '!hold dead'));
    await place.partial(talk.session, ({ whole }) => whole === 'half of it ');
    process.kill([...talk.hosts.values()].at(-1)!, 'SIGKILL');
    await dialect.settled?.(place.home);
    expect((await talk.end(2, patience)).data.outcome).toBe('failed');
    expect(talk.of('message').at(-1)?.data.incomplete).toBe(true);
    await talk.send('!recall');
    await talk.end(3, patience);
    expect(talk.texts('message').at(-1)).toContain('!say I know this');
    await checked(talk);
  });

  cell('killDaemon', async () => {
    const before = await session();
    await before.send(script('!say before the kill ', '!hold kill', '!say and after it'));
    await place.partial(before.session, ({ whole }) => whole === 'before the kill ');
    await place.kill();
    place.model.release('kill');
    const talk = await restarted(before);
    expect((await talk.end(1, patience)).data.outcome).toBe('completed');
    expect(talk.texts('message')).toEqual(['before the kill and after it']);
    expect(talk.of('delivery')).toHaveLength(1);
    await talk.send('!say next');
    await talk.end(2, patience);
    expect(talk.of('host').filter(({ data }) => data.state === 'launched')).toHaveLength(1);
    await checked(talk);
  });

  cell('killApproval', async () => {
    const before = await session();
    await before.send(script('!say may I', bash('touch allowed'), '!next', '!say thank you'));
    const approval = await before.next('approval', () => true, patience);
    await place.kill();
    const talk = await restarted(before);
    expect((await talk.whole()).row.openApprovals).toBe(1);
    await talk.decide(approval.id, 'allow');
    expect((await talk.end(1, patience)).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'allowed'))).toBe(true);
    expect(talk.texts('message')).toEqual(['may I', 'thank you']);
    await checked(talk);
  });

  /** A session in a directory that brings something along; whether that ran, and whether the model heard of it. */
  const brought = async (
    name: string,
    tried: boolean,
  ): Promise<{ ran: boolean; heard: boolean }> => {
    const directory = path.join(place.root, name);
    const mark = path.join(place.root, `${name}-mark`);
    for (const [file, text] of Object.entries(dialect.brings)) {
      const whole = path.join(directory, file);
      await mkdir(path.dirname(whole), { recursive: true });
      await writeFile(whole, text.replaceAll('MARK', mark));
    }
    const from = place.model.requests.length;
    const talk = await session(directory);
    await talk.send(
      tried ? script('!say I look', bash('touch unasked'), '!next', '!say done') : '!say I look',
    );
    // Allowed by what the directory brings along; asked about all the same.
    if (tried) await decide(talk, 'deny');
    expect((await talk.end(1, patience)).data.outcome).toBe('completed');
    expect(await isThere(path.join(directory, 'unasked'))).toBe(false);
    await checked(talk);
    const requests = JSON.stringify(place.model.requests.slice(from));
    return { ran: await isThere(mark), heard: requests.includes('Of the repository') };
  };

  cell('directory', async () => {
    expect(await brought('cloned', true)).toEqual({ ran: false, heard: false });
  });

  cell('trusted', async () => {
    expect(await brought('trusted', false)).toEqual({ ran: true, heard: true });
  });
}

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''));
  return (await Promise.all(lines)).map((line) => line.split('\0').join(' ').trim());
}
