import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtInAgents } from '../../src/agents/agents.ts';
import type { Entry, EntryOf } from '../../src/client/index.ts';
import { fileMemories } from '../../src/memory/memories.ts';
import type { Memories, MemoryLine } from '../../src/ports/memories.ts';
import type { Talk } from '../app/talk.ts';
import { bash, call, script } from './model-script.ts';
import { checked, Place } from './place.ts';

type Native = EntryOf<'native'>['data'];

/** A word that the model can only know from what was said before. */
const word = 'BANANA7';
const remember = script(`remember ${word}`, '!think hm', `!say I keep it`);

/** The conversation that the model was last asked about. */
function lastAsked(place: Place): string {
  return JSON.stringify(place.model.requests.at(-1)?.messages ?? []);
}

describe('Claude Code', () => {
  let place: Place;

  beforeAll(async () => {
    place = await Place.open();
  });
  afterAll(() => place.close());

  const projects = (): string => path.join(place.home, '.claude/projects');

  async function nativesOf({ session }: Talk): Promise<Native[]> {
    const kept: Native[] = [];
    for (let after: number | null = 0; after !== null;) {
      const page: { entries: Entry[]; next: number | null } = await place.client.sessions.history({
        session,
        after,
        kinds: ['native'],
      });
      for (const { kind, data } of page.entries) {
        if (kind === 'native') kept.push({ ...data, line: await textOf(session, data) });
      }
      after = page.next;
    }
    return kept;
  }

  async function textOf(session: string, { line, blob }: Native): Promise<string> {
    if (blob === undefined) return line;
    let text = Buffer.alloc(0);
    for (let offset: number | null = 0; offset !== null;) {
      const part: { base64: string; next: number | null } = await place.client.blobs.get({
        session,
        digest: blob.digest,
        offset,
      });
      text = Buffer.concat([text, Buffer.from(part.base64, 'base64')]);
      offset = part.next;
    }
    return text.toString('utf8');
  }

  /** Gives the session away and takes it back: the agent's files come from the log. */
  async function again(talk: Talk, cwd?: string) {
    const { session } = talk;
    const outside = await place.client.sessions.takeOver({ session, writer: 'external' });
    expect(outside.session.writer.state).toBe('external');
    return place.client.sessions.takeOver({
      session,
      writer: 'host',
      ...(cwd === undefined ? {} : { cwd }),
    });
  }

  /** Lines that Claude Code writes and does not tell: requests to the model as they were sent. */
  const untold = /^\{"type":"api-request/;

  async function fileOf(nativeId: string): Promise<string[]> {
    const names = await readdir(projects(), { recursive: true });
    const [name, ...others] = names.filter((each) => each.endsWith(`${nativeId}.jsonl`));
    expect(others).toEqual([]);
    const text = await readFile(path.join(projects(), name!), 'utf8');
    return text
      .split('\n')
      .slice(0, -1)
      .filter((line) => !untold.test(line));
  }

  test('L12: what it writes into its own file is in the log, line by line and to the byte', async () => {
    const talk = await place.session();
    const write = call('Write', { file_path: path.join(talk.cwd, 'a'), content: 'ä\\"' });
    await talk.send(
      script(
        'odd: \u2028 \u0000 \ud83d\ude00',
        '!think hm',
        '!say I write',
        write,
        '!next',
        bash('cat a'),
        '!next',
        '!say so',
      ),
    );
    await talk.decide((await talk.next('approval')).id, 'allow');
    await talk.end();
    await talk.send('/compact');
    await talk.end(2);
    await again(talk);
    const { row } = await talk.whole();
    const kept = (await nativesOf(talk)).filter(({ file }) => file === '');
    expect(kept.map(({ line }) => line)).toEqual(await fileOf(row.nativeId!));
    expect(kept.filter(({ boundary }) => boundary === true)).toHaveLength(1);
    await checked(talk);
  });

  test('L12 R10: wiped from this machine, it goes on from the log, in another directory, and remembers', async () => {
    const talk = await place.session();
    await talk.send(remember);
    await talk.end();
    const { nativeId } = (await talk.whole()).row;
    await place.client.sessions.takeOver({ session: talk.session, writer: 'external' });
    await rm(path.join(place.home, '.claude'), { recursive: true });
    const cwd = await mkdtemp(path.join(place.root, 'else-where.'));
    const { session } = talk;
    const here = await place.client.sessions.takeOver({ session, writer: 'host', cwd });
    expect(here).toMatchObject({ memory: 'exact', reason: null, session: { nativeId, cwd } });
    await talk.send('!recall');
    await talk.end(2);
    expect(lastAsked(place)).toContain(word);
    expect(talk.texts('message').at(-1)).toContain('remembered: !think hm / !say I keep it');
    expect((await talk.whole()).row.nativeId).toBe(nativeId);
    // What it says from here on is in the log as before.
    await again(talk);
    const kept = (await nativesOf(talk)).filter(({ file }) => file === '');
    expect(kept.map(({ line }) => line)).toEqual(await fileOf(nativeId!));
    await checked(talk);
  });

  test('L12: compacted, cleared and forked, each native session is put in its place by itself', async () => {
    const talk = await place.session();
    await talk.send(remember);
    await talk.end();
    const first = (await talk.whole()).row.nativeId!;
    const fork = await place.client.sessions.fork({ session: talk.session, prompt: '!recall' });
    expect(fork.fidelity).toBe('exact');
    const forked = place.talk(fork.session.id, talk.cwd);
    await forked.end();
    await forked.send('/compact');
    await forked.end(2);
    await talk.send('/clear');
    await talk.end(2);
    await talk.send('!say anew');
    await talk.end(3);
    const kept = await nativesOf(talk);
    const { nativeId: second } = (await talk.whole()).row;
    expect(second).not.toBe(first);
    expect(new Set(kept.map((line) => line.session))).toEqual(new Set([first, second]));
    const forkedId = (await forked.whole()).row.nativeId!;
    expect(new Set((await nativesOf(forked)).map((line) => line.session))).toEqual(
      new Set([forkedId]),
    );
    for (const each of [talk, forked]) {
      await place.client.sessions.takeOver({ session: each.session, writer: 'external' });
    }
    await rm(path.join(place.home, '.claude'), { recursive: true });
    for (const each of [talk, forked]) {
      expect(await here(each)).toMatchObject({ memory: 'exact' });
    }
    expect(
      (await readdir(projects(), { recursive: true })).filter((name) => name.endsWith('.jsonl')),
    ).toHaveLength(2);
    await talk.send('!recall');
    await talk.end(4);
    expect(lastAsked(place)).not.toContain(word);
    expect(talk.texts('message').at(-1)).toBe('remembered: !say anew');
    await forked.send('!recall');
    await forked.end(3);
    expect(lastAsked(place)).toContain('continued from a previous conversation');
    await checked(talk);
    await checked(forked);
  });

  async function here({ session }: Talk) {
    return place.client.sessions.takeOver({ session, writer: 'host' });
  }

  /** A program that writes its transcript to a remote log, entry by entry. */
  async function put(session: string, lines: readonly string[]): Promise<void> {
    const { secret } = await place.client.tokens.create({
      name: 'elsewhere',
      scopes: ['view', 'manage'],
      sessions: [session],
    });
    const { url } = place.client;
    let head: string | undefined;
    for (const body of lines) {
      const headers = {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        ...(head === undefined ? {} : { 'last-uuid': head }),
      };
      const at = `${url}/v1/session_ingress/session/${session}`;
      const answer = await fetch(at, { method: 'PUT', headers, body });
      expect([200, 201]).toContain(answer.status);
      head = (JSON.parse(body) as { uuid?: string }).uuid ?? head;
    }
  }

  test('L11 L12: written by another machine entry by entry, it is shown, taken over and remembered', async () => {
    const elsewhere = await place.session();
    const read = call('Read', { file_path: path.join(elsewhere.cwd, 'none') });
    await elsewhere.send(script(`remember ${word}`, '!say I look', read, '!next', '!say kept'));
    await elsewhere.end();
    const native = (await elsewhere.whole()).row.nativeId!;
    await place.client.sessions.takeOver({ session: elsewhere.session, writer: 'external' });
    const lines = (await nativesOf(elsewhere)).filter(({ file }) => file === '');
    await rm(path.join(place.home, '.claude'), { recursive: true });
    const session = randomUUID();
    await put(
      session,
      lines.map(({ line }) => line),
    );
    const talk = place.talk(session, elsewhere.cwd);
    const { row } = await talk.whole();
    expect(row).toMatchObject({ agent: 'claude', originCwd: elsewhere.cwd });
    expect(talk.texts('message')).toEqual(elsewhere.texts('message'));
    const results = talk.of('tool_call').map(({ data }) => [data.title, data.status]);
    expect(results).toEqual(elsewhere.of('tool_call').map(({ data }) => [data.title, data.status]));
    const cwd = await mkdtemp(path.join(place.root, 'work-'));
    const answer = await place.client.sessions.takeOver({ session, writer: 'host', cwd });
    expect(answer).toMatchObject({ memory: 'exact', session: { nativeId: native } });
    await talk.send('!recall');
    expect((await talk.end()).data.outcome).toBe('completed');
    expect(lastAsked(place)).toContain(word);
    await checked(talk);
  });

  test('L12 R7: killed in the middle of an answer, and the daemon with it, nothing that is kept is lost', async () => {
    const talk = await place.session();
    await talk.send(remember);
    await talk.end();
    await talk.send(script(`also ${word}2`, '!say I begin ', '!hold never', '!say never'));
    await talk.shows(/I begin/);
    const agent = await talk.agent();
    await place.kill();
    process.kill(agent, 'SIGKILL');
    await place.start();
    const after = place.talk(talk.session, talk.cwd);
    expect((await after.end(2)).data.outcome).toBe('failed');
    await place.client.sessions.takeOver({ session: talk.session, writer: 'external' });
    await rm(path.join(place.home, '.claude'), { recursive: true });
    expect(await here(after)).toMatchObject({ memory: 'exact' });
    await after.send('!recall');
    await after.end(3);
    expect(lastAsked(place)).toContain(`${word}2`);
    const kept = await nativesOf(after);
    const names = kept.flatMap(({ line }) => (JSON.parse(line) as { uuid?: string }).uuid ?? []);
    expect(new Set(names).size).toBe(names.length);
    await checked(after);
  });
});

describe.each(['codex', 'pi'] as const)('%s', (agent) => {
  let place: Place;

  beforeAll(async () => {
    place = await Place.open([], agent);
  });
  afterAll(() => place.close());

  /** The files of this machine as a daemon would read and write them. */
  function memories(): Memories {
    const options = { program: 'none', env: {}, trusted: [] };
    const drivers = builtInAgents({
      scripted: { node: 'none', program: 'none', store: 'none' },
      codex: options,
      pi: { ...options, pi: 'none', launcher: 'none', extension: 'none' },
    });
    return fileMemories({ drivers, environment: { HOME: place.home } });
  }

  async function* given(lines: readonly MemoryLine[]): AsyncGenerator<MemoryLine> {
    yield* lines;
  }

  /** Ends the host and nothing else. */
  async function rest(): Promise<void> {
    await place.stop();
    await place.start();
  }

  test('L12 R10: its file alone, taken out and put back, is all that it needs to remember', async () => {
    const talk = await place.session();
    await talk.send(remember);
    await talk.end();
    const nativeId = (await talk.whole()).row.nativeId!;
    await rest();
    const native = { agent, nativeId, cwd: talk.cwd, env: {} };
    const lines: MemoryLine[] = [];
    for await (const line of memories().capture(native, given([]))) lines.push(line);
    expect(lines.map(({ text }) => text).join()).toContain(word);
    await place.stop();
    await rm(path.join(place.home, agent === 'pi' ? '.pi' : '.codex'), { recursive: true });
    await mkdir(path.join(place.home, agent === 'pi' ? '.pi' : '.codex'));
    await place.start();
    expect(await memories().restore(native, given(lines))).toEqual({ restored: true });
    const after = place.talk(talk.session, talk.cwd);
    await after.send('!recall');
    await after.end(2);
    expect(lastAsked(place)).toContain(word);
    await rest();
    const more: MemoryLine[] = [];
    for await (const line of memories().capture(native, given(lines))) more.push(line);
    expect(more.length).toBeGreaterThan(0);
    expect(more.map(({ text }) => text).join()).not.toContain(word);
    await checked(place.talk(talk.session, talk.cwd));
  });
});
