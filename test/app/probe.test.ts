import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { customAcpAgent } from '../../src/agents/agents.ts';
import { claudeAgent } from '../../src/agents/claude/driver.ts';
import { Prober } from '../../src/app/prober.ts';
import { systemClock } from '../../src/app/system-clock.ts';
import type { Json } from '../../src/domain/json.ts';
import { limits } from '../../src/domain/limits.ts';
import { Agents } from '../../src/engine/agents.ts';
import type { AgentDriver } from '../../src/ports/agent.ts';
import { alive, processes, until } from './processes.ts';

const fixture = (name: string): string =>
  path.join(import.meta.dirname, '../fixtures/agents', name);

const tmp = process.env['TMPDIR'];
let place = '';
let said: object[] = [];
let prober: Prober;
beforeEach(async () => {
  place = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-test-probe-')));
  process.env['TMPDIR'] = place;
  said = [];
  prober = new Prober({ deadlineMs: 4000, log: (event, data) => said.push({ event, ...data }) });
});
afterEach(async () => {
  await prober.close();
  // Whatever an agent did: no process, no directory, nothing to say about it.
  expect(await left()).toEqual([]);
  expect(await readdir(place)).not.toContainEqual(expect.stringMatching(/^turnkeep-probe-/));
  expect(said).toEqual([]);
  process.env['TMPDIR'] = tmp;
  if (tmp === undefined) delete process.env['TMPDIR'];
  await rm(place, { recursive: true, force: true });
});

/** Processes of this test's agents: its folder is in their environment. */
async function left(): Promise<number[]> {
  const pids: number[] = [];
  for (const { pid, marker } of await processes()) {
    if (marker?.startsWith('probe-') !== true) continue;
    const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (text.split('\0').includes(`TMPDIR=${place}`)) pids.push(pid);
  }
  return pids;
}

interface Note {
  pid: number;
  cwd: string;
  files: string[];
  env: Record<string, string>;
  deleted?: string;
}

const notesFile = (): string => path.join(place, 'notes');
async function notes(): Promise<Note[]> {
  const text = await readFile(notesFile(), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Note);
}

function agent(...args: string[]): AgentDriver {
  return customAcpAgent({ name: 'asked', command: process.execPath, args, env: {} });
}
const asked = (variant = ''): AgentDriver => agent(fixture('asked.mjs'), notesFile(), variant);

/** An executable of this name in a folder of its own, which is the PATH of the agent. */
async function program(name: string, script: string, mode = 0o755): Promise<string> {
  const bin = path.join(place, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(path.join(bin, name), script);
  await chmod(path.join(bin, name), mode);
  return bin;
}

describe('an agent that answers', () => {
  test('tells version, models, modes and effort levels, each with what holds', async () => {
    expect(await prober.probe(asked())).toEqual({
      state: 'ready',
      path: process.execPath,
      version: '3.2.1',
      models: {
        values: [
          { id: 'slow', name: 'Slow' },
          { id: 'fast', name: 'Fast' },
        ],
        default: 'slow',
        complete: true,
      },
      modes: { values: [{ id: 'ask', name: 'Ask' }], default: 'ask', complete: true },
      efforts: { values: [{ id: 'low', name: 'Low' }], default: 'low', complete: true },
      problem: null,
    });
  });

  test('S4: gets the environment of hosts and an empty directory, which is gone after it', async () => {
    process.env['DATABASE_URL'] = 'postgres://secret';
    try {
      await prober.probe(asked());
    } finally {
      delete process.env['DATABASE_URL'];
    }
    const [note] = await notes();
    const allowed =
      /^(HOME|LANG|LANGUAGE|LOGNAME|PATH|SHELL|SSH_AUTH_SOCK|TMPDIR|TZ|USER|LC_\w+|XDG_\w+)$/;
    const others = Object.keys(note!.env).filter((name) => !allowed.test(name));
    expect(others).toEqual(['TURNKEEP_HOST']);
    expect(note!.files).toEqual([]);
    expect(path.basename(note!.cwd)).toMatch(/^turnkeep-probe-/);
    expect(await readdir(path.dirname(note!.cwd))).not.toContain(path.basename(note!.cwd));
  });

  test('is asked to delete the session of the probe where it can', async () => {
    expect(await prober.probe(asked('delete'))).toMatchObject({ state: 'ready', version: '3.2.1' });
    expect((await notes()).map(({ deleted }) => deleted)).toEqual([undefined, 'new-one']);
  });

  test('L8: may print other things between its answers and ask on its own', async () => {
    expect(await prober.probe(asked('chatty'))).toMatchObject({ state: 'ready', problem: null });
  });

  test('R5: is ended although it ignores SIGTERM and the end of its input', async () => {
    expect(await prober.probe(asked('rude'))).toMatchObject({ state: 'ready' });
    const [note] = await notes();
    expect(await alive(note!.pid)).toBe(false);
  });

  test('and wants a login is ready and says so', async () => {
    expect(await prober.probe(asked('login'))).toMatchObject({
      state: 'ready',
      version: '3.2.1',
      models: null,
      problem: {
        kind: 'login',
        message: 'It wants a login: log in with its own program (it offers: A browser).',
      },
    });
  });

  test('in another protocol version is of no use', async () => {
    const report = await prober.probe(asked('old'));
    expect(report).toMatchObject({ state: 'failing', version: '3.2.1' });
    expect(report?.problem?.message).toBe(
      'It speaks version 7 of the Agent Client Protocol, not 1.',
    );
  });
});

describe('an agent that does not answer', () => {
  const short = (): Prober =>
    new Prober({ deadlineMs: 700, log: (event, data) => said.push({ event, ...data }) });

  test('because it is not there: the PATH of its hosts is named', async () => {
    const env = { PATH: path.join(place, 'bin') };
    const driver = customAcpAgent({ name: 'x', command: 'no-such-agent', args: [], env });
    expect(await prober.probe(driver)).toEqual({
      state: 'missing',
      path: null,
      version: null,
      models: null,
      modes: null,
      efforts: null,
      problem: {
        kind: 'missing',
        message: `There is no program no-such-agent on the PATH of hosts (${env.PATH}).`,
      },
    });
    const absolute = customAcpAgent({ name: 'x', command: '/no/such', args: [], env: {} });
    const report = await prober.probe(absolute);
    expect(report?.problem).toEqual({ kind: 'missing', message: 'There is no program /no/such.' });
  });

  test('because it may not be executed', async () => {
    const bin = await program('agent', '#!/bin/sh\n', 0o644);
    const driver = customAcpAgent({ name: 'x', command: 'agent', args: [], env: { PATH: bin } });
    const report = await prober.probe(driver);
    expect(report).toMatchObject({ state: 'failing', path: path.join(bin, 'agent') });
    expect(report?.problem?.kind).toBe('not-executable');
  });

  test('because it is no program for this machine', async () => {
    const bin = await program('agent', '#!/no/such/interpreter\n');
    const driver = customAcpAgent({ name: 'x', command: 'agent', args: [], env: { PATH: bin } });
    expect(await prober.probe(driver)).toMatchObject({
      state: 'failing',
      problem: { kind: 'not-started' },
    });
  });

  test.each(['hang.mjs', 'ignore-term.mjs', 'never-reads.mjs'])(
    'S5: %s is ended at the deadline',
    async (name) => {
      const began = performance.now();
      const report = await short().probe(agent(fixture(name)));
      expect(report).toMatchObject({ state: 'failing', problem: { kind: 'no-answer' } });
      expect(performance.now() - began).toBeGreaterThan(690);
    },
  );

  test('S5: but floods its stdout is ended by the first bytes too many', async () => {
    for (const how of [[], ['--newlines']]) {
      const report = await prober.probe(agent(fixture('flood.mjs'), String(2 ** 40), ...how));
      expect(report?.problem).toEqual({
        kind: 'flood',
        message: `It printed more than ${limits.probeBytes / 1024} KiB and no answer.`,
      });
    }
  });

  test('and exits: its status and last words are told, not the secrets that it was given', async () => {
    const report = await prober.probe(agent(fixture('exit-code.mjs'), '1'));
    expect(report?.problem).toEqual({
      kind: 'ended',
      message: 'It ended with status 1, without an answer: ending with 1.',
    });
    const bin = await program('agent', '#!/bin/sh\necho "bad key $KEY" >&2; exit 3\n');
    const env = { PATH: `${bin}:/usr/bin:/bin`, KEY: 'sk-very-secret' };
    const leaking = await prober.probe(
      customAcpAgent({ name: 'x', command: 'agent', args: [], env }),
    );
    expect(leaking?.problem?.message).toBe(
      'It ended with status 3, without an answer: bad key ***.',
    );
  });

  test('but prints garbage', async () => {
    const report = await prober.probe(agent(fixture('not-json.mjs')));
    expect(report).toMatchObject({ state: 'failing', problem: { kind: 'ended' } });
  });

  test.each(['group', 'setsid', 'double', 'stdout'])(
    'R5: and leaves a process behind (%s): that is ended too',
    async (variant) => {
      const bin = await program(
        'agent',
        `#!/bin/sh\n"${process.execPath}" "${fixture('grandchild.mjs')}" ${variant} exit | tee "${place}/left"\n`,
      );
      const env = { PATH: `${bin}:/usr/bin:/bin` };
      await short().probe(customAcpAgent({ name: 'x', command: 'agent', args: [], env }));
      const { grandchild } = JSON.parse(await readFile(path.join(place, 'left'), 'utf8')) as {
        grandchild: number;
      };
      expect(await alive(grandchild)).toBe(false);
    },
  );
});

describe('Claude Code', () => {
  /** A program that answers as Claude Code does, as far as it is asked. */
  async function claude(
    version: string,
    initialize: object,
    settings: object,
  ): Promise<AgentDriver> {
    const answer = (id: string, body: object): string =>
      JSON.stringify({ type: 'control_response', response: { request_id: id, ...body } });
    const bin = await program(
      'claude',
      `#!/bin/sh
[ "$1" = --version ] && echo "${version} (Claude Code)" && exit
echo '{"type":"system","subtype":"ui_invalidate"}'
read -r one && echo '${answer('initialize', initialize)}'
read -r two && echo '${answer('settings', settings)}'
read -r three
`,
    );
    return claudeAgent({ program: 'claude', env: { PATH: `${bin}:/usr/bin:/bin` } } as never);
  }
  const models = [
    { value: 'default', resolvedModel: 'claude-big-9', supportedEffortLevels: ['low', 'high'] },
    { value: 'big', resolvedModel: 'claude-big-9', displayName: 'Big' },
  ];
  const account = {
    tokenSource: 'none',
    apiKeySource: 'ANTHROPIC_API_KEY',
    apiProvider: 'firstParty',
  };
  const told = {
    subtype: 'success',
    response: { models, account, current_permission_mode: 'default' },
  };

  test('tells its models by initialize, and what holds of them by its settings', async () => {
    const applied = { model: 'claude-big-9', effort: 'high' };
    const driver = await claude('99.1.0', told, { subtype: 'success', response: { applied } });
    expect(await prober.probe(driver)).toMatchObject({
      state: 'ready',
      version: '99.1.0',
      models: {
        values: [
          { id: 'default', resolves: 'claude-big-9' },
          { id: 'big', name: 'Big' },
        ],
        default: 'default',
      },
      modes: { default: 'manual' },
      efforts: { values: [{ id: 'low' }, { id: 'high' }], default: 'high' },
      problem: null,
    });
  });

  test('of a version that has no such settings tells the models without the defaults', async () => {
    const driver = await claude('99.1.0', told, { subtype: 'error', error: 'unsupported' });
    const report = await prober.probe(driver);
    expect(report).toMatchObject({
      state: 'ready',
      models: { default: null },
      efforts: { default: null },
    });
  });

  test('that is older than what was tested says which version was', async () => {
    const driver = await claude('1.0.9', told, { subtype: 'error' });
    const report = await prober.probe(driver);
    expect(report).toMatchObject({
      state: 'ready',
      version: '1.0.9',
      problem: { kind: 'old-version' },
    });
    expect(report?.problem?.message).toContain(driver.probe!.tested);
  });

  test('without credentials is ready and says that nobody is logged in', async () => {
    const out = { tokenSource: 'none', apiProvider: 'firstParty' };
    const response = { ...told.response, account: out };
    const driver = await claude('99.1.0', { subtype: 'success', response }, { subtype: 'error' });
    expect(await prober.probe(driver)).toMatchObject({
      state: 'ready',
      problem: { kind: 'login' },
    });
  });

  test('that only prints its version fails, and both versions are named', async () => {
    const bin = await program('claude', '#!/bin/sh\necho "0.2.9 (Claude Code)"\n');
    const driver = claudeAgent({
      program: 'claude',
      env: { PATH: `${bin}:/usr/bin:/bin` },
    } as never);
    const report = await prober.probe(driver);
    expect(report).toMatchObject({
      state: 'failing',
      version: '0.2.9',
      problem: { kind: 'ended' },
    });
    expect(report?.problem?.message).toMatch(/tested with version [\d.]+, this is 0\.2\.9\.$/);
  });

  test('has models that no list of it names, and none of others', async () => {
    const driver = await claude('99.1.0', told, { subtype: 'error' });
    const offered = (await prober.probe(driver))!.models!;
    const takes = (model: string): boolean => driver.probe!.takesModel(model, offered);
    expect(
      ['big', 'big[1m]', 'claude-big-9', 'claude-older-3-20250101'].filter(takes),
    ).toHaveLength(4);
    expect(['gpt-9', 'bigg', '', 'BIG'].filter(takes)).toEqual([]);
  });
});

describe('the known', () => {
  const agents = (...drivers: AgentDriver[]): Agents =>
    new Agents({
      drivers,
      defaultAgent: 'asked',
      clock: systemClock(),
      probe: (driver) => prober.probe(driver),
    });

  test('is listed with its age and without starting anything; two who ask at once share one process', async () => {
    const known = agents(asked());
    expect(known.list[0]).toMatchObject({ name: 'asked', found: null });
    expect(await notes()).toEqual([]);
    await Promise.all([known.probe('asked', false), known.probe(undefined, true)]);
    expect(await notes()).toHaveLength(1);
    const [first] = known.list;
    expect(first?.found).toMatchObject({ state: 'ready', version: '3.2.1' });
    expect(first?.found?.ageMs).toBeGreaterThanOrEqual(0);
    await known.probe('asked', false);
    expect(await notes()).toHaveLength(1);
    await known.probe('asked', true);
    expect(await notes()).toHaveLength(2);
  });

  test('is asked again where it was no good', async () => {
    const env = { PATH: path.join(place, 'bin') };
    const known = agents(customAcpAgent({ name: 'asked', command: 'late-agent', args: [], env }));
    expect((await known.probe('asked', false))[0]?.found?.state).toBe('missing');
    await program(
      'late-agent',
      `#!/bin/sh\nexec "${process.execPath}" "${fixture('asked.mjs')}"\n`,
    );
    expect((await known.probe('asked', false))[0]?.found?.state).toBe('ready');
  });

  test('refuses a model that its agent has not, by name, once its list is known', async () => {
    const known = agents(asked());
    known.checkModel('asked', 'nonsense');
    await known.probe('asked', false);
    known.checkModel('asked', 'fast');
    known.checkModel('asked', null);
    expect(() => known.checkModel('asked', 'nonsense')).toThrow(
      /asked has no model nonsense: choose one of slow, fast \(as of /,
    );
  });

  test('names no agent that is not there', async () => {
    await expect(agents(asked()).probe('nobody', false)).rejects.toThrow(
      'There is no agent nobody',
    );
  });
});

test('L8: no line that an agent may print makes a probe throw or its state anything but JSON', () => {
  const claude = claudeAgent({ program: 'claude', env: {}, trusted: [] });
  const text = fc.constantFrom(
    'initialize',
    'settings',
    'init',
    'open',
    'success',
    'error',
    'model',
  );
  const value: fc.Arbitrary<unknown> = fc.oneof(text, fc.jsonValue(), fc.array(fc.jsonValue()));
  const inner = fc.dictionary(
    fc.constantFrom(
      'models',
      'modes',
      'account',
      'applied',
      'agentInfo',
      'configOptions',
      'options',
    ),
    value,
  );
  const claudeLine = fc.record({
    type: fc.constant('control_response'),
    response: fc.record({ subtype: text, request_id: text, response: fc.oneof(value, inner) }),
  });
  const acpLine = fc.record(
    {
      jsonrpc: fc.constant('2.0'),
      id: text,
      result: fc.oneof(
        value,
        inner,
        fc.record({ protocolVersion: fc.constant(1), agentCapabilities: value }),
      ),
      error: value,
      method: text,
    },
    { requiredKeys: ['jsonrpc'] },
  );
  const line = fc.oneof(
    fc.string(),
    fc.oneof(claudeLine, acpLine, value).map((each) => JSON.stringify(each)),
  );
  for (const { probe } of [claude, asked()]) {
    const property = fc.property(fc.array(line), (lines) => {
      let state: Json = null;
      for (const each of lines) ({ state } = probe!.read(state, each, '/'));
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    });
    fc.assert(property, { numRuns: 2000 });
  }
});

test('a daemon that ends ends its probes', async () => {
  const probing = prober.probe(asked('mute'));
  await until('the agent runs', async () => (await notes()).length > 0);
  await prober.close();
  expect(await probing).toMatchObject({
    problem: { message: 'The daemon ended before it answered.' },
  });
});

test('R7: of a daemon that is killed in mid-probe nothing goes on', async () => {
  const source = (name: string): string =>
    JSON.stringify(new URL(`../../src/${name}`, import.meta.url).href);
  const script = `
    import { Prober } from ${source('app/prober.ts')};
    import { customAcpAgent } from ${source('agents/agents.ts')};
    const args = ${JSON.stringify([fixture('asked.mjs'), notesFile(), 'mute'])};
    const driver = customAcpAgent({ name: 'x', command: process.execPath, args, env: {} });
    void new Prober({ log: () => {} }).probe(driver);
  `;
  const daemon = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: 'ignore',
  });
  await until('the agent runs', async () => (await notes()).length > 0, 15_000);
  const [{ pid }] = (await notes()) as [Note];
  daemon.kill('SIGKILL');
  await once(daemon, 'exit');
  try {
    await until('the agent and its directory are gone', async () => {
      const directories = (await readdir(place)).filter((name) => name !== 'notes');
      return !(await alive(pid)) && directories.length === 0;
    });
  } finally {
    if (await alive(pid)) process.kill(pid, 'SIGKILL');
  }
});
