import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noTokens, type Tokens } from '../../src/domain/usage.ts';
import type { InputOf } from '../../src/client/index.ts';
import type { Talk } from '../app/talk.ts';
import type { Billed } from '../fixtures/models/anthropic.ts';
import type { ModelRequest } from '../fixtures/models/script.ts';
import { addFile, run } from './codex-script.ts';
import { call, script } from './model-script.ts';
import { checked, isThere, Place } from './place.ts';

const mcpServer = path.join(import.meta.dirname, '../fixtures/agents/mcp-server.mjs');

let place: Place;

beforeAll(async () => {
  place = await Place.open([], 'codex');
});

afterAll(() => place.close());

async function begin(settings: Partial<InputOf<'sessions.create'>>, prompt: string): Promise<Talk> {
  const cwd = await mkdtemp(path.join(place.root, 'work-'));
  const { session } = await place.client.sessions.create({ cwd, agent: 'codex', ...settings });
  const talk = place.talk(session.id, cwd);
  await talk.send(prompt);
  return talk;
}

/** What the model was asked last with this text. */
function asked(text: string): ModelRequest {
  const request = place.model.requests.findLast(({ messages = [] }) => {
    const last = messages.findLast(({ role }) => role === 'user');
    return JSON.stringify(last?.content ?? '').includes(text);
  });
  if (request === undefined) throw new Error(`the model was not asked: ${text}`);
  return request;
}

const instructions = ({ messages = [], system = '' }: ModelRequest): string =>
  JSON.stringify([system, ...messages.filter(({ role }) => role !== 'user')]);

function codes(talk: Talk): readonly string[] {
  return talk.of('notice').map(({ data }) => data.code);
}

function launches(talk: Talk): number {
  return talk.of('host').filter(({ data }) => data.state === 'launched').length;
}

describe('while it is open', () => {
  test('model, mode and effort change between two turns, in the same host, by its own word', async () => {
    const talk = await begin({ effort: 'low' }, '!say one');
    await talk.end();
    expect(asked('one').output_config?.effort).toBe('low');
    const { applied } = await place.client.sessions.patch({
      session: talk.session,
      model: 'gpt-6-astra',
      mode: 'auto',
      effort: 'high',
    });
    expect(applied).toEqual({ model: 'live', mode: 'live', effort: 'live' });
    await talk.next('settings', ({ data }) => data.changes.modelInForce?.id === 'gpt-6-astra');
    await talk.next(
      'settings',
      ({ data }) => data.from === 'agent' && data.changes.mode === 'auto',
    );
    // In this mode a change in the directory needs no question.
    await talk.send(script(addFile('unasked', 'x'), '!next', '!say two'));
    await talk.end(2);
    expect(asked('two').model).toBe('gpt-6-astra');
    expect(asked('two').output_config?.effort).toBe('high');
    expect(talk.of('approval')).toEqual([]);
    expect(await readdir(talk.cwd)).toEqual(['unasked']);
    expect(launches(talk)).toBe(1);
    await checked(talk);
  });

  test('a mode that does not ask is not passed on, and the log says so', async () => {
    const talk = await begin({}, '!say one');
    await talk.end();
    await place.client.sessions.patch({ session: talk.session, mode: 'full-access' });
    await talk.next('notice', ({ data }) => data.code === 'mode-not-set');
    await talk.send(script(run('touch unasked'), '!next', '!say done'));
    const approval = await talk.next('approval');
    await talk.decide(approval.id, 'deny');
    await talk.end(2);
    expect((await talk.whole()).row.mode).toBe('untrusted');
    expect(await readdir(talk.cwd)).toEqual([]);
    await checked(talk);
  });
});

describe('at the start', () => {
  test('instructions are added and replaced; what was added stays as the thread began', async () => {
    const append = `-- Words with a dash. ${'Ω'.repeat(30_000)} And their end.`;
    const talk = await begin({ instructions: { append } }, '!say one');
    await talk.end();
    expect(instructions(asked('one'))).toContain('And their end.');
    const { session } = talk;
    const { applied } = await place.client.sessions.patch({
      session,
      instructions: { replace: 'Only this.' },
    });
    expect(applied).toEqual({ instructions: 'next host' });
    await talk.send('!recall');
    await talk.end(2);
    expect(talk.texts('message').at(-1)).toBe('remembered: !say one');
    const second = instructions(place.model.requests.at(-1)!);
    expect(second).toContain('Only this.');
    // What Codex cannot do: take back what a thread was told at its beginning. docs/agents.md says so.
    expect(second).toContain('And their end.');
    expect(launches(talk)).toBe(2);
    await checked(talk);
  });

  test('R1: what is allowed may be written in an additional directory, and nowhere else', async () => {
    const beside = await mkdtemp(path.join(place.root, 'beside-'));
    // Not below the folder for temporary files, in which Codex lets its commands write.
    const elsewhere = path.join(place.home, 'elsewhere');
    await mkdir(elsewhere);
    const command = `touch ${beside}/made; touch ${elsewhere}/made`;
    const talk = await begin(
      { additionalDirs: [beside] },
      script(run(command), '!next', '!say so'),
    );
    const approval = await talk.next('approval');
    await talk.decide(approval.id, 'allow');
    await talk.end();
    expect(await isThere(path.join(beside, 'made'))).toBe(true);
    await checked(talk);
  });

  test('S1 S4: a secret reaches its MCP server, and no log, no argument and no command', async () => {
    const secret = `secret-${randomUUID()}`;
    const servers: InputOf<'sessions.create'>['mcpServers'] = [
      {
        type: 'stdio',
        name: 'test',
        command: process.execPath,
        args: [mcpServer, 'a b'],
        env: { SECRET: `${secret}'\n$HOME` },
      },
    ];
    const prompt = script(
      call('mcp__test/digest', {}),
      '!next',
      run('env'),
      '!next',
      call('mcp__test/arguments', {}),
      '!next',
      '!say done',
    );
    const talk = await begin({ mcpServers: servers }, prompt);
    const seen = new Set<string>();
    for (let at = 0; at < 3; at += 1) {
      const { id } = await talk.next('approval', (entry) => !seen.has(entry.id));
      seen.add(id);
      await talk.decide(id, 'allow');
    }
    await talk.end();
    const calls = talk.of('tool_call').filter(({ data }) => data.status === 'completed');
    const digest = createHash('sha256').update(`${secret}'\n$HOME`).digest('hex');
    expect(calls.map(({ data }) => data.name)).toEqual([
      'mcp__test__digest',
      'exec_command',
      'mcp__test__arguments',
    ]);
    expect(calls[0]?.data.output).toBe(digest);
    expect(calls[2]?.data.output).toBe('["a b"]');
    expect(JSON.stringify((await talk.whole()).entries)).not.toContain(secret);
    const args = await readFile(`/proc/${await talk.agent()}/cmdline`, 'latin1');
    expect(args).toContain('TURNKEEP_SECRETS');
    expect(args).not.toContain(secret);
    await checked(talk);
  });

  test('an MCP server that is not there is told, and the turn goes on', async () => {
    const gone = { type: 'stdio' as const, name: 'gone', command: '/not/there' };
    const talk = await begin({ mcpServers: [gone] }, '!say without');
    expect((await talk.end()).data.outcome).toBe('completed');
    await talk.next('notice', ({ data }) => data.code === 'mcp-server');
    // What Codex cannot do: headers that nobody else sees.
    const url = 'http://127.0.0.1:1/mcp';
    const far = { type: 'http', name: 'far', url, headers: { Authorization: 'x' } } as const;
    const other = await begin({ mcpServers: [far] }, '!say never');
    expect((await other.end()).data).toMatchObject({
      outcome: 'failed',
      error: { category: 'launch', message: expect.stringContaining('headers') as string },
    });
    expect(codes(other)).toEqual([]);
    await checked(talk);
  });
});

describe('a fork', () => {
  test('R10 L7: knows its base as it was when it was forked, under a name of its own', async () => {
    const base = await begin({}, '!say known to both');
    await base.end();
    const before = (await base.whole()).row.nativeId;
    const early = await place.client.sessions.fork({ session: base.session });
    await base.send('!say of the base alone\n!slow 100 100');
    await base.shows(/tick2/);
    await base.abort({ wait: true });
    expect((await base.end(2)).data.outcome).toBe('cancelled');
    const late = await place.client.sessions.fork({ session: base.session });
    await base.send('!say of the base, later');
    await base.end(3);
    expect([early.fidelity, late.fidelity]).toEqual(['exact', 'exact']);
    const [first, second] = [early, late].map(({ session }) => place.talk(session.id, base.cwd));
    for (const fork of [first!, second!]) {
      await fork.send('!recall');
      expect((await fork.end()).data.outcome).toBe('completed');
    }
    expect(first!.texts('message').at(-1)).toBe('remembered: !say known to both');
    const both = '!say known to both | !say of the base alone / !slow 100 100';
    expect(second!.texts('message').at(-1)).toBe(`remembered: ${both}`);
    const names = [
      before,
      (await first!.whole()).row.nativeId,
      (await second!.whole()).row.nativeId,
    ];
    expect(new Set(names).size).toBe(3);
    // What the base had used is not counted again.
    const { usage } = (await first!.end()).data;
    const bill = place.model.bill.filter(({ whole }) => whole);
    expect(usage.tokens.input).toBeLessThanOrEqual(
      Math.max(...bill.map((one) => one.usage.input_tokens)),
    );
    await checked(base);
    await checked(first!);
  });
});

function sumOf(bill: readonly Billed[]): Tokens {
  const sum: Tokens = { ...noTokens };
  for (const { usage } of bill) {
    sum.input += usage.input_tokens;
    sum.output += usage.output_tokens;
    sum.cacheRead += usage.cache_read_input_tokens;
    sum.cacheWrite += usage.cache_creation_input_tokens;
  }
  return sum;
}

test('usage is what the model server counted, over an error, a resumed host and an abort', async () => {
  const from = place.model.bill.length;
  const billed = () => sumOf(place.model.bill.slice(from).filter(({ whole }) => whole));
  const talk = await begin(
    {},
    script('!think hm', '!say I write', addFile('note', 'x'), '!next', '!say so'),
  );
  const summed = async (): Promise<Tokens> => {
    const by = ['model'] as const;
    const { total } = await place.client.usage.summary({ by: [...by], session: talk.session });
    const { thought, output, ...rest } = total.tokens;
    // The service counts thoughts among what comes out.
    return { ...rest, output: output + thought, thought: 0 };
  };
  const approval = await talk.next('approval');
  await talk.decide(approval.id, 'allow');
  await talk.end();
  await talk.send('!fail 400');
  await talk.end(2);
  await place.client.sessions.patch({ session: talk.session, instructions: { replace: 'Anew.' } });
  await talk.send('!say and once more');
  await talk.end(3);
  expect(launches(talk)).toBe(2);
  expect(await summed()).toEqual(billed());
  // Of an answer that is broken off the service tells nothing, and so does Codex.
  await talk.send(script('!say hard at work ', '!hold never'));
  await place.partial(talk.session, ({ whole }) => whole === 'hard at work ');
  await talk.abort({ wait: true });
  await talk.end(4);
  expect(place.model.bill.at(-1)?.whole).toBe(false);
  await talk.send('!say well again');
  await talk.end(5);
  expect(await summed()).toEqual(billed());
  const keys = talk.of('usage').map(({ data }) => data.key);
  expect(new Set(keys).size).toBe(keys.length);
  await checked(talk);
});
