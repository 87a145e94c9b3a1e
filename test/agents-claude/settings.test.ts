import { describe, expect, test } from 'vitest';
import { claudeAgent } from '../../src/agents/claude/driver.ts';
import { nativeCandidate } from '../../src/agents/claude/ids.ts';
import type { AgentCommand, AgentEvent } from '../../src/domain/agent-event.ts';
import { agentSettings, type AgentSetting, type McpServer } from '../../src/domain/settings.ts';
import type { OpenSpec } from '../../src/ports/agent.ts';
import {
  decodeAll,
  driver,
  eventsOf,
  linesOfMessages,
  opened,
  ready,
  result,
  session,
  specOf,
} from './conversation.ts';
import { hostileValues } from './hostile-values.ts';

type Changes = Extract<AgentCommand, { type: 'set' }>['changes'];

function argsOf(spec: Partial<OpenSpec>): readonly string[] {
  return driver.program(specOf(spec)).args;
}

/** What of the arguments is not there without these settings. */
function added(spec: Partial<OpenSpec>): readonly string[] {
  const usual = argsOf({});
  return argsOf(spec).filter((word) => !usual.includes(word));
}

function filesOf(spec: Partial<OpenSpec>, secrets: { [name: string]: string } = {}) {
  return driver.files!(specOf(spec), secrets);
}

function setLines(changes: Changes) {
  const lines = driver.encode(opened().state, { type: 'set', changes });
  return lines.map((line) => JSON.parse(line) as { request_id: string; request: object });
}

const tiny: McpServer = {
  type: 'stdio',
  name: 'tiny',
  command: '/bin/tiny',
  args: ['-x', '${HOME}'],
  env: ['KEY'],
};

const wishes: { readonly [S in AgentSetting]: Pick<OpenSpec, S> } = {
  model: { model: 'opus' },
  mode: { mode: 'plan' },
  effort: { effort: 'low' },
  instructions: { instructions: { replace: '-x', append: '--y' } },
  tools: { tools: { allow: ['Read', 'Bash'], deny: ['WebFetch'] } },
  maxTurns: { maxTurns: 3 },
  mcpServers: { mcpServers: [tiny] },
  env: { env: ['FOO'] },
  additionalDirs: { additionalDirs: ['/other', '/a b,c'] },
};

describe('settings of a new host', () => {
  test('each that the profile lists changes what Claude Code gets, and there is no other', () => {
    expect(driver.profile.settings.toSorted()).toEqual(agentSettings.toSorted());
    const got = (spec: Partial<OpenSpec>): string =>
      JSON.stringify([argsOf(spec), filesOf(spec), driver.open(specOf(spec))]);
    const changing = driver.profile.settings.filter((name) => got(wishes[name]) !== got({}));
    // Variables of the session are put into the environment for every agent.
    expect(changing).toEqual(driver.profile.settings.filter((name) => name !== 'env'));
  });

  test.each([
    ['model', ['--model=opus']],
    ['mode', ['--permission-mode=plan']],
    ['effort', ['--effort=low']],
    ['instructions', ['--system-prompt-snapshot=off']],
    ['tools', ['--tools=Read,Bash', '--disallowedTools=WebFetch', '--strict-mcp-config']],
    ['maxTurns', ['--max-turns=3']],
    ['mcpServers', ['--strict-mcp-config']],
    ['additionalDirs', ['--add-dir=/other', '--add-dir=/a b,c']],
  ] as const)('S3: %s is in words of its own option', (name, words) => {
    expect(added(wishes[name])).toEqual(words);
  });

  test('S3 S4: instructions and secrets are in files, never in arguments', () => {
    const spec = { ...wishes.instructions, ...wishes.mcpServers };
    const files = filesOf(spec, { 'mcp/tiny/KEY': 'hush${HOME}' });
    expect(files.map(({ option }) => option)).toEqual([
      '--system-prompt-file',
      '--append-system-prompt-file',
      '--mcp-config',
    ]);
    expect(files[0]?.content).toBe('-x');
    const escaped = '${TURNKEEP_DOLLAR:-$}{HOME}';
    expect(JSON.parse(files[2]!.content)).toEqual({
      mcpServers: {
        tiny: {
          type: 'stdio',
          command: '/bin/tiny',
          args: ['-x', escaped],
          env: { KEY: `hush${escaped}` },
        },
      },
    });
    const told = JSON.stringify([driver.program(specOf(spec)), driver.open(specOf(spec))]);
    expect(told).not.toContain('hush');
    expect(JSON.stringify(driver.initial(specOf(spec)))).not.toContain('hush');
  });

  test('S3: headers of a server that is elsewhere are in the file, too', () => {
    const far: McpServer = { type: 'http', name: 'far', url: 'https://x.test/', headers: ['Auth'] };
    const [file] = filesOf({ mcpServers: [far] }, { 'mcp/far/Auth': 'hush' });
    expect(JSON.parse(file!.content)).toEqual({
      mcpServers: { far: { type: 'http', url: 'https://x.test/', headers: { Auth: 'hush' } } },
    });
  });

  test('S3: no value of any setting becomes an option or a second word', () => {
    const known =
      /^--(?:model|permission-mode|effort|tools|disallowedTools|max-turns|add-dir|system-prompt-snapshot)=/;
    for (const value of hostileValues) {
      const words = added({
        model: value,
        mode: value,
        effort: value,
        instructions: { replace: value, append: value },
        tools: { allow: [value], deny: [value] },
        mcpServers: [{ ...tiny, command: value, args: [value] }],
        additionalDirs: [value, `/${value}`],
      });
      const odd = words.filter((word) => !known.test(word) && word !== '--strict-mcp-config');
      expect([value, odd]).toEqual([value, []]);
      expect(words.some((word) => word.includes('\0'))).toBe(false);
    }
  });

  test('S8: a directory beside the working directory has to be trusted as well', () => {
    const trusting = claudeAgent({ program: 'claude', env: {}, trusted: ['/mine'] });
    const isOff = (additionalDirs: string[]): boolean =>
      trusting
        .program(specOf({ cwd: '/mine/a', additionalDirs }))
        .args.includes('--setting-sources=user');
    expect(isOff([])).toBe(false);
    expect(isOff(['/mine/b'])).toBe(false);
    expect(isOff(['/mine/b', '/theirs'])).toBe(true);
  });

  test('of MCP servers only those are left of which a tool is allowed', () => {
    const mcpServers = [tiny, { ...tiny, name: 'tiny2' }, { ...tiny, name: 'third' }];
    const tools = { allow: ['mcp__tiny2', 'mcp__third__one'] };
    expect(added({ mcpServers, tools })).toEqual([
      '--tools=',
      '--disallowedTools=mcp__tiny',
      '--strict-mcp-config',
    ]);
  });
});

function opening(spec: Partial<OpenSpec>): readonly AgentEvent[] {
  return decodeAll(linesOfMessages([ready]), driver.initial(specOf(spec))).events.flat();
}

describe('what cannot be done', () => {
  test('a wish that is not passed on is a notice, and the session is opened', () => {
    const events = opening({
      model: '-p',
      mode: 'bypassPermissions',
      effort: 'silly',
      tools: { allow: ['a b', 'mcp__tiny__one'] },
      additionalDirs: ['beside'],
    });
    expect(events.map((event) => (event.type === 'notice' ? event.code : event.type))).toEqual([
      'model-not-set',
      'mode-not-set',
      'effort-not-set',
      'tools-not-set',
      'tools-not-set',
      'directory-not-added',
      'opened',
    ]);
  });

  test('where a tool cannot be withheld, no session is opened', () => {
    expect(opening({ tools: { deny: ['Bash(git *)'] } })).toEqual([
      {
        type: 'open_failed',
        error: {
          category: 'launch',
          message: 'Claude Code withholds tools by their names only: Bash(git *)',
        },
      },
    ]);
  });
});

describe('a copy of another session', () => {
  test('R10: is opened from that one, under a name of its own that counts with the first echo', () => {
    const words = argsOf({ forkOf: session, host: 'a' });
    expect(words).toContain(`--resume=${session}`);
    expect(words).toContain('--fork-session');
    expect(words).toContain(`--session-id=${nativeCandidate('session', 'a')}`);
    expect(argsOf({ nativeId: session, forkOf: session })).not.toContain('--fork-session');
    expect(argsOf({ forkOf: '--x' })).toContain('--resume=00000000-0000-0000-0000-000000000000');
    const opens = eventsOf('forked').filter((event) => event.type === 'opened');
    expect(opens).toMatchObject([
      { resumed: false, provisional: true },
      { resumed: false, nativeId: nativeCandidate('session', 'host') },
    ]);
  });

  test('L7 S3: is cut off at the line that the mark names, and an unknown one opens nothing', () => {
    const mark = '00000000-0000-4000-8000-000000000012';
    const cut = (spec: Partial<OpenSpec>): readonly string[] =>
      argsOf(spec).filter((word) => word.startsWith('--resume-session-at'));
    expect(cut({ forkOf: session, forkAt: mark })).toEqual([`--resume-session-at=${mark}`]);
    expect(cut({ forkOf: session, forkAt: null })).toEqual([]);
    expect(cut({ forkOf: session, forkAt: '--x' })).toEqual([
      '--resume-session-at=00000000-0000-0000-0000-000000000000',
    ]);
    // Only a copy is cut: the session itself is never.
    expect(cut({ nativeId: session, forkOf: session, forkAt: mark })).toEqual([]);
    expect(cut({ forkAt: mark })).toEqual([]);
  });

  test('what the session had cost before is not charged to it, copied or resumed', () => {
    for (const spec of [{ forkOf: session }, { nativeId: session }, {}]) {
      const { say } = opened(spec);
      const usage = (costUSD: number) => ({ claude: { inputTokens: 1, costUSD } });
      const { events } = say(
        result({ total_cost_usd: 5, model_usage_since_last_result: usage(2) }),
        result({ total_cost_usd: 9, model_usage_since_last_result: usage(3) }),
      );
      const costs = events.flatMap((event) =>
        event.type === 'usage' ? (event.report.cost?.amount ?? []) : [],
      );
      // Of a new session all that is told is its own, also what no model is told of.
      expect(costs).toEqual('forkOf' in spec || 'nativeId' in spec ? [2, 3, 1] : [2, 3, 3, 1]);
    }
  });
});

describe('settings that change while it is open', () => {
  test('each that the profile lists is a line, no other is', () => {
    expect(driver.profile.live).toEqual(['model', 'mode', 'effort']);
    for (const name of driver.profile.settings) {
      const lines = setLines(wishes[name] as Changes);
      expect([name, lines.length > 0]).toEqual([name, driver.profile.live.includes(name)]);
    }
    expect(setLines({ model: 'opus', mode: 'plan', effort: 'low' })).toMatchObject([
      { request_id: 'set:model:opus', request: { subtype: 'set_model', model: 'opus' } },
      { request_id: 'set:mode:plan', request: { subtype: 'set_permission_mode', mode: 'plan' } },
      { request: { subtype: 'apply_flag_settings', settings: { effortLevel: 'low' } } },
      { request_id: 'set:effort:low', request: { subtype: 'get_settings' } },
    ]);
  });

  test('S3: a value that is not passed on changes nothing, and its answer says so', () => {
    for (const value of hostileValues.filter((each) => each !== '')) {
      for (const name of ['mode', 'effort'] as const) {
        const [line] = setLines({ [name]: value });
        expect(line?.request).toEqual({ subtype: 'get_session_cost' });
        const { events } = opened().say(answer(line!.request_id, {}));
        expect(events[0]).toMatchObject({ type: 'notice', code: `${name}-not-set` });
      }
    }
    for (const mode of ['bypassPermissions', 'dontAsk', 'auto']) {
      expect(setLines({ mode })[0]?.request).toEqual({ subtype: 'get_session_cost' });
    }
  });

  test('what the answer says is in force is reported', () => {
    const { events } = opened().say(
      answer('set:model:opus', { model: 'claude-opus-5-5' }),
      answer('set:mode:manual', { mode: 'default' }),
      answer('set:effort:low', { applied: { effort: 'low' } }),
    );
    expect(events.map((event) => (event.type === 'settings' ? event.changes : event))).toEqual([
      { modelInForce: { id: 'claude-opus-5-5' } },
      { mode: 'default' },
      { effort: 'low' },
    ]);
  });

  test('a refusal is a notice, and the mode that stays in force is told again', () => {
    const refusal = { subtype: 'error', request_id: 'set:mode:plan', error: 'not now' };
    const { events } = opened().say(
      answer('set:mode:manual', { mode: 'default' }),
      { type: 'control_response', response: refusal },
      answer('set:effort:max', { applied: { effort: 'high' } }),
    );
    expect(events.slice(1)).toMatchObject([
      { code: 'mode-not-set', text: 'Claude Code refused the mode plan: not now' },
      { type: 'settings', changes: { mode: 'default' } },
      { code: 'effort-not-set', text: expect.stringContaining('works with high') as string },
    ]);
  });

  test('another model is asked whether it has the effort that was in force', () => {
    const told = eventsOf('settings');
    const asked = told.findIndex((event) => event.type === 'send');
    expect(told[asked]).toMatchObject({ line: expect.stringContaining('still-effort') as string });
    expect(told).toContainEqual(
      expect.objectContaining({ code: 'effort-not-set', type: 'notice' }),
    );
    expect(told).toContainEqual(expect.objectContaining({ code: 'mcp-server', type: 'notice' }));
    expect(
      told.filter((event) => event.type === 'notice' && event.code === 'mcp-server'),
    ).toHaveLength(1);
  });
});

test('an effort that changes together with the model is not told as lost', () => {
  const { events } = opened().say(
    answer('set:effort:low', { applied: { effort: 'low' } }),
    answer('set:model:sonnet', { model: 'claude-sonnet-5-5' }),
    answer('set:effort:high', { applied: { effort: 'high' } }),
    answer('still-effort', { applied: { effort: 'high' } }),
  );
  expect(events.filter(({ type }) => type === 'notice')).toEqual([]);
  expect(events.at(-1)).toMatchObject({ changes: { effort: 'high' } });
});

function answer(id: string, response: object): object {
  return { type: 'control_response', response: { subtype: 'success', request_id: id, response } };
}
