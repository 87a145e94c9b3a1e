import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InputOf } from '../../src/client/index.ts';
import type { Talk } from '../app/talk.ts';
import type { ModelRequest } from '../fixtures/models/script.ts';
import { claude } from './contract/claude.ts';
import { Repository } from './contract/repository.ts';
import { bash, call, script } from './model-script.ts';
import { checked, Place } from './place.ts';

const mcpServer = path.join(import.meta.dirname, '../fixtures/agents/mcp-server.mjs');

let place: Place;

beforeAll(async () => {
  place = await Place.open(['trusted']);
});

afterAll(() => place.close());

async function begin(
  settings: Partial<InputOf<'sessions.create'>>,
  prompt: string,
  cwd?: string,
): Promise<Talk> {
  const directory = cwd ?? (await mkdtemp(path.join(place.root, 'work-')));
  const input = { cwd: directory, agent: 'claude', ...settings };
  const { session } = await place.client.sessions.create(input);
  const talk = place.talk(session.id, directory);
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

function systemOf({ system = '' }: ModelRequest): string {
  return typeof system === 'string' ? system : system.map(({ text = '' }) => text).join('\n');
}

function toolsOf({ tools = [] }: ModelRequest): readonly string[] {
  return tools.map(({ name }) => name);
}

function notices(talk: Talk): readonly string[] {
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
      model: 'sonnet',
      mode: 'plan',
      effort: 'high',
    });
    expect(applied).toEqual({ model: 'live', mode: 'live', effort: 'live' });
    await talk.next(
      'settings',
      ({ data }) => data.changes.modelInForce?.id.includes('sonnet') === true,
    );
    await talk.next(
      'settings',
      ({ data }) => data.from === 'agent' && data.changes.mode === 'plan',
    );
    await talk.next(
      'settings',
      ({ data }) => data.from === 'agent' && data.changes.effort === 'high',
    );
    await talk.send('!say two');
    await talk.end(2);
    expect(asked('two').model).toContain('sonnet');
    expect(asked('two').output_config?.effort).toBe('high');
    expect(launches(talk)).toBe(1);
    const { row } = await talk.whole();
    expect(row).toMatchObject({ model: 'sonnet', mode: 'plan', effort: 'high' });
    expect(notices(talk)).toEqual([]);
    await checked(talk);
  });

  test('a mode that does not ask is not passed on, and the log says so', async () => {
    const talk = await begin({}, '!say one');
    await talk.end();
    await place.client.sessions.patch({ session: talk.session, mode: 'dontAsk' });
    await talk.next('notice', ({ data }) => data.code === 'mode-not-set');
    await talk.send(script(bash('touch unasked'), '!next', '!say done'));
    const approval = await talk.next('approval');
    await talk.decide(approval.id, 'deny');
    await talk.end(2);
    expect((await talk.whole()).row.mode).toBe('default');
    await checked(talk);
  });
});

describe('at the start', () => {
  test('instructions are added, replaced and taken back, also where the session is resumed', async () => {
    const append = `-- Words with a dash. ${'Ω'.repeat(30_000)} And their end.`;
    const talk = await begin({ instructions: { append } }, '!say one');
    await talk.end();
    expect(systemOf(asked('one'))).toContain(append);
    expect(systemOf(asked('one')).length).toBeGreaterThan(append.length + 2000);
    const { session } = talk;
    const { applied } = await place.client.sessions.patch({
      session,
      instructions: { replace: '-p Only this.' },
    });
    expect(applied).toEqual({ instructions: 'next host' });
    await talk.send('!recall');
    await talk.end(2);
    const second = systemOf(place.model.requests.at(-1)!);
    expect(second).toContain('-p Only this.');
    expect(second).not.toContain('And their end.');
    expect(second.length).toBeLessThan(2000);
    expect(talk.texts('message').at(-1)).toBe('remembered: !say one');
    await place.client.sessions.patch({ session, instructions: null });
    await talk.send('!say three');
    await talk.end(3);
    const third = systemOf(asked('three'));
    expect(third).not.toContain('Only this.');
    expect(third.length).toBeGreaterThan(2000);
    expect(launches(talk)).toBe(3);
    await checked(talk);
  });

  test('a tool that is denied is not offered to the model, nor is one that is not allowed', async () => {
    const denied = await begin({ tools: { deny: ['Bash', 'Write'] } }, '!say without');
    await denied.end();
    expect(toolsOf(asked('without'))).not.toContain('Bash');
    expect(toolsOf(asked('without'))).not.toContain('Write');
    expect(toolsOf(asked('without'))).toContain('Read');
    const allowed = await begin({ tools: { allow: ['Read'] } }, '!say with');
    await allowed.end();
    expect(toolsOf(asked('with'))).toContain('Read');
    expect(toolsOf(asked('with'))).not.toContain('Bash');
    // A call that the model makes all the same is not carried out.
    await denied.send(script(bash('touch made'), '!next', '!say done'));
    await denied.end(2);
    expect(await readdir(denied.cwd)).toEqual([]);
    expect(denied.of('approval')).toEqual([]);
    await checked(denied);
    await checked(allowed);
  });

  test('R3: the run ends as failed by its limit of turns, and the next one goes on', async () => {
    const cwd = await mkdtemp(path.join(place.root, 'work-'));
    await writeFile(path.join(cwd, 'note'), 'x');
    const read = call('Read', { file_path: path.join(cwd, 'note') });
    const prompt = script('!say go', read, '!next', read, '!next', read, '!next', '!say never');
    const talk = await begin({ maxTurns: 2 }, prompt, cwd);
    expect((await talk.end()).data).toMatchObject({
      outcome: 'failed',
      stopReason: 'max_turns',
      error: { category: 'limit' },
    });
    expect(talk.texts('message')).not.toContain('never');
    await talk.send('!say next');
    expect((await talk.end(2)).data.outcome).toBe('completed');
    await checked(talk);
  });

  test('S8: an additional directory is read without a question, and what it brings along is not', async () => {
    const directory = path.join(place.root, 'beside, and more');
    const repository = await Repository.write(directory, claude.brings);
    try {
      await writeFile(path.join(directory, 'note'), 'from beside');
      const read = call('Read', { file_path: path.join(directory, 'note') });
      const trusted = path.join(place.root, 'trusted/mine');
      await mkdir(trusted);
      const settings = { additionalDirs: [directory] };
      const talk = await begin(settings, script(read, '!next', '!say done'), trusted);
      await talk.end();
      expect(talk.of('approval')).toEqual([]);
      expect(JSON.stringify(talk.of('tool_call').at(-1)?.data.output)).toContain('from beside');
      expect(await repository.marks()).toEqual([]);
      expect(repository.requests).toEqual([]);
      expect(JSON.stringify(place.model.requests)).not.toContain('Of the repository');
      await checked(talk);
    } finally {
      await repository.close();
    }
  });
});

describe('a fork', () => {
  test('R10: remembers all of its base under a name of its own, and the base knows nothing of it', async () => {
    const base = await begin({}, '!say known to both');
    await base.end();
    const before = (await base.whole()).row.nativeId;
    const made = await place.client.sessions.fork({ session: base.session, prompt: '!recall' });
    expect(made.fidelity).toBe('exact');
    const fork = place.talk(made.session.id, base.cwd);
    expect((await fork.end()).data.outcome).toBe('completed');
    expect(fork.texts('message')).toEqual(['remembered: !say known to both']);
    const { row } = await fork.whole();
    expect(row.nativeId).toMatch(/^[0-9a-f-]{36}$/);
    expect(row.nativeId).not.toBe(before);
    // What the base had cost is not charged again.
    const { usage } = (await base.end()).data;
    const own = (await fork.end()).data.usage;
    expect(own.cost!.amount).toBeLessThan(2 * usage.cost!.amount);
    await base.send('!recall');
    await base.end(2);
    expect(base.texts('message').at(-1)).toBe('remembered: !say known to both');
    expect((await base.whole()).row.nativeId).toBe(before);
    // The fork is a session like any other: it is resumed as itself.
    await place.client.sessions.patch({ session: fork.session, maxTurns: 5 });
    await fork.send('!say mine\n!recall');
    await fork.end(2);
    expect(fork.texts('message').at(-1)).toContain('known to both');
    expect((await fork.whole()).row.nativeId).toBe(row.nativeId);
    await checked(base);
    await checked(fork);
  });

  test('L7: does not know what its base was told before the copy was made, nor does one of an aborted turn', async () => {
    const base = await begin({}, '!say known to both');
    await base.end();
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
    await first!.send('!recall');
    await first!.end();
    expect(first!.texts('message')).toEqual(['remembered: !say known to both']);
    await second!.send('!recall');
    await second!.end();
    const both = '!say known to both | !say of the base alone / !slow 100 100';
    expect(second!.texts('message')).toEqual([`remembered: ${both}`]);
    await base.send('!recall');
    await base.end(4);
    expect(base.texts('message').at(-1)).toBe(`remembered: ${both} | !say of the base, later`);
    for (const talk of [base, first!, second!]) await checked(talk);
  });

  test('L7 R10: of a base that has compacted itself since does not open, and one that is made anew is told', async () => {
    const base = await begin({}, '!say one');
    const { id } = await base.end();
    const { session } = await place.client.sessions.fork({ session: base.session });
    await base.send('!say two');
    await base.end(2);
    await base.send('/compact');
    await base.end(3);
    const fork = place.talk(session.id, base.cwd);
    await fork.send('!recall');
    expect((await fork.end()).data).toMatchObject({
      outcome: 'failed',
      error: { category: 'launch', message: expect.stringContaining('Fork it anew') },
    });
    const anew = await place.client.sessions.fork({
      session: base.session,
      at: id,
      prompt: '!heard',
    });
    expect(anew.fidelity).toBe('primed');
    const told = place.talk(anew.session.id, base.cwd);
    await told.end();
    const [heard] = told.texts('message');
    expect(heard).toContain('one');
    expect(heard).not.toContain('two');
    for (const talk of [base, fork, told]) await checked(talk);
  });
});

describe('secrets', () => {
  test('S1 S4: an MCP server gets its secret, which is in no log, argument or file but its own', async () => {
    const secret = `hush-${randomUUID()}-\${HOME}`;
    const tiny = {
      type: 'stdio' as const,
      name: 'tiny',
      command: process.execPath,
      args: [mcpServer, '${HOME}', '-x'],
      env: { SECRET: secret },
    };
    const talk = await begin(
      { mcpServers: [tiny], env: { FOO: 'of the session' } },
      script(
        '!say I ask',
        call('mcp__tiny__digest', {}),
        '!next',
        call('mcp__tiny__arguments', {}),
        '!next',
        bash('printenv FOO; touch x; env | grep -c ^SECRET'),
        '!next',
        '!say done',
      ),
    );
    for (const n of [1, 2, 3]) {
      await talk.next('approval', () => talk.of('approval').length >= n);
      await talk.decide(talk.of('approval')[n - 1]!.id, 'allow');
    }
    expect((await talk.end()).data.outcome).toBe('completed');
    const outputs = JSON.stringify(talk.of('tool_call').map(({ data }) => data.output));
    expect(outputs).toContain(createHash('sha256').update(secret).digest('hex'));
    expect(outputs).toContain('${HOME}');
    expect(outputs).toContain('of the session\\n0');
    await checked(talk);
    expect(JSON.stringify(await talk.whole())).not.toContain(secret);

    const host = [...talk.hosts.keys()].at(-1)!;
    const files = path.join(place.state, 'hosts', host, 'files');
    const holding = await filesWith(secret, place.root);
    const outside = holding.filter(
      (file) => !file.startsWith(path.join(place.state, 'turnkeep.db')),
    );
    expect(outside).toEqual([path.join(files, '0')]);
    expect((await stat(path.join(files, '0'))).mode & 0o777).toBe(0o600);
    expect((await stat(files)).mode & 0o777).toBe(0o700);
    expect(await commandLinesWith(secret)).toEqual([]);

    await place.stop();
    const left = await filesWith(secret, place.root);
    expect(left.map((file) => path.basename(file))).toEqual(['turnkeep.db']);
    expect(tablesWith(secret, left[0]!)).toEqual(['secrets']);
    await place.start();
  });
});

async function filesWith(secret: string, directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    const escaped = JSON.stringify(secret).slice(1, -1);
    // The file of the agent writes `${` in another way.
    const beginning = secret.slice(0, 20);
    if ([secret, escaped, beginning].some((text) => bytes.includes(text))) found.push(file);
  }
  return found;
}

async function commandLinesWith(secret: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(secret.slice(0, 20))) found.push(line);
  }
  return found;
}

function tablesWith(secret: string, file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    return tables
      .map(({ name }) => String(name))
      .filter((name) =>
        database
          .prepare(`SELECT * FROM "${name}"`)
          .all()
          .some((row) => Object.values(row).some((value) => holds(value, secret))),
      );
  } finally {
    database.close();
  }
}

function holds(value: unknown, secret: string): boolean {
  const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value));
  return bytes.includes(secret.slice(0, 20));
}
