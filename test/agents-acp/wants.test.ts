import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Wanted } from '../../src/domain/policy.ts';
import { opened, update } from './conversation.ts';

const options = [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }];
const plain = { tool: null, command: null, locations: [], cwd: null };

/** What the approval says for the policy, after what was told of the call before. */
function wantsOf(toolCall: object, ...before: readonly object[]): Wanted | undefined {
  const ask = {
    jsonrpc: '2.0',
    id: 1,
    method: 'session/request_permission',
    params: { sessionId: 's-1', options, toolCall: { toolCallId: 'c', ...toolCall } },
  };
  const told = before.map((each) =>
    update({ sessionUpdate: 'tool_call', toolCallId: 'c', ...each }),
  );
  const event = opened()
    .say(...told, ask)
    .events.find(({ type }) => type === 'approval');
  if (event?.type !== 'approval') throw new Error('there is no approval');
  return event.wants;
}

const execute = (rawInput: unknown, more: object = {}) =>
  wantsOf({ kind: 'execute', title: 'ls', rawInput, ...more });
const diff = (path: string) => ({ type: 'diff', path, oldText: null, newText: 'x' });
const at = (path: string) => ({ path });

describe('a command', () => {
  test('is the text that the input has, from where it says', () => {
    expect(execute({ command: 'git status', description: 'd', timeout: 5 })).toEqual({
      ...plain,
      kind: 'execute',
      command: 'git status',
    });
    expect(execute({ command: 'ls', cwd: '/a' })).toMatchObject({ cwd: '/a' });
    expect(execute({ command: 'ls', workdir: '/a' })).toMatchObject({ cwd: '/a' });
    for (const input of [
      { cwd: 'a' },
      { cwd: 5 },
      { cwd: '/a', workdir: '/b' },
      { dir_path: '/a' },
    ]) {
      expect(execute({ command: 'ls', ...input })).toMatchObject({ cwd: null });
    }
  });

  test('is a list only where that is a shell with its text', () => {
    expect(execute({ command: ['bash', '-lc', "echo 'a b'"] })).toMatchObject({
      command: `bash -lc 'echo '\\''a b'\\'''`,
    });
    expect(execute({ command: ['/bin/sh', '-c', 'ls'] })).toMatchObject({
      command: `/bin/sh -c 'ls'`,
    });
    for (const command of [
      ['ls', 'rm'],
      ['git', 'status'],
      ['bash', '-c', 'ls', 'rm'],
      ['bash', '-x', 'ls'],
      ['/tmp/evil bash', '-c', 'ls'],
      ['evilbash', '-c', 'ls'],
      ['bash', '-c', 5],
      [],
    ]) {
      expect([command, execute({ command })]).toEqual([command, undefined]);
    }
  });

  test('is asked about where the input has none, more than one can know, or a diff', () => {
    for (const input of [
      undefined,
      {},
      'ls',
      { cmd: 'ls' },
      { description: 'ls' },
      { command: 'ls', env: { PATH: '/tmp' } },
      { command: 'ls', stdin: 'rm x' },
      { command: 'ls', args: ['x'] },
    ]) {
      expect([input, execute(input)]).toEqual([input, undefined]);
    }
    expect(execute({ command: 'ls' }, { content: [diff('/etc/passwd')] })).toBeUndefined();
  });

  test('is none where another kind of tool names one', () => {
    for (const kind of ['read', 'edit', 'search', 'fetch', 'other', 'think']) {
      const call = {
        kind,
        name: 'tool',
        rawInput: { command: 'rm', path: '/a' },
        locations: [at('/a')],
      };
      expect(wantsOf(call)).toBeUndefined();
    }
  });
});

describe('files', () => {
  test('are those that the agent says, its input names and its diffs change', () => {
    const rawInput = { file_path: '/b', content: 'x', file_type: 'text' };
    const content = [diff('/c'), diff('/a')];
    expect(wantsOf({ kind: 'edit', locations: [at('/a')], rawInput, content })).toEqual({
      ...plain,
      kind: 'edit',
      locations: ['/a', '/c', '/b'],
    });
    expect(wantsOf({ kind: 'edit', content: [diff('/c')] })).toMatchObject({ locations: ['/c'] });
    expect(wantsOf({ kind: 'move', rawInput: { from: '/a', to: '/b' } })).toMatchObject({
      locations: ['/a', '/b'],
    });
    const changes = { '/a': {}, '/b': { move_path: '/c' } };
    expect(wantsOf({ kind: 'edit', rawInput: { changes }, content })).toMatchObject({
      locations: ['/c', '/a', '/b'],
    });
  });

  test('are asked about where one of them is not known', () => {
    const uncertain: readonly object[] = [
      { kind: 'edit' },
      { kind: 'read', locations: [] },
      { kind: 'edit', locations: [at('a')] },
      { kind: 'edit', locations: [at('~/a')] },
      { kind: 'edit', locations: [at('/a'), {}] },
      { kind: 'edit', locations: [at('/a')], rawInput: { path: 'b' } },
      { kind: 'edit', locations: [at('/a')], rawInput: { paths: ['/b', 'c'] } },
      { kind: 'edit', locations: [at('/a')], rawInput: { edits: [{ filePath: '../b' }] } },
      { kind: 'edit', locations: [at('/a')], rawInput: { patch: '*** Update File: /b' } },
      { kind: 'edit', locations: [at('/a')], content: [{ type: 'hologram' }] },
      { kind: 'read', locations: [at('/a')], content: [diff('/a')] },
      { kind: 'search', locations: [at('/a')], rawInput: { pattern: '/etc/*' } },
      { kind: 'search', locations: [at('/a')], rawInput: { include: ['../*'] } },
      // Nobody said of which kind it is, or it is a person's to decide.
      { locations: [at('/a')] },
      { kind: 'hologram', name: 'tool', locations: [at('/a')] },
      { kind: 'other', title: 'read /a' },
      { kind: 'switch_mode', name: 'ExitPlanMode' },
    ];
    for (const call of uncertain) expect([call, wantsOf(call)]).toEqual([call, undefined]);
    expect(wantsOf({ kind: 'other', name: 'mcp__a__b' })).toMatchObject({ tool: 'mcp__a__b' });
  });

  test('what was too large to be kept, or was not understood, is asked about until it is told again', () => {
    const many = Array.from({ length: 2000 }, (_, n) => at(`/very/long/name/${n}`));
    const first = { kind: 'edit', title: 't', locations: many };
    expect(wantsOf({ content: [diff('/a')] }, first)).toBeUndefined();
    expect(wantsOf({ locations: [at('/a')] }, first)).toMatchObject({ locations: ['/a'] });
    const large = { kind: 'execute', title: 't', rawInput: { command: 'x'.repeat(20_000) } };
    expect(wantsOf({}, large)).toBeUndefined();
    expect(wantsOf({ rawInput: { command: 'ls' } }, large)).toMatchObject({ command: 'ls' });
    const strange = { kind: 'edit', title: 't', locations: [at('/a')], content: [{ type: 'new' }] };
    expect(wantsOf({}, strange)).toBeUndefined();
  });

  test('in a mode in which nothing is to be changed a person is asked', () => {
    const call = { kind: 'edit', title: 't', locations: [at('/a')] };
    const mode = (currentModeId: string) =>
      opened().say(update({ sessionUpdate: 'current_mode_update', currentModeId }), {
        jsonrpc: '2.0',
        id: 1,
        method: 'session/request_permission',
        params: { sessionId: 's-1', options, toolCall: { toolCallId: 'c', ...call } },
      }).events;
    const wants = (id: string) =>
      mode(id).flatMap((event) => (event.type === 'approval' ? [event.wants] : []));
    expect(wants('code')).toMatchObject([{ kind: 'edit' }]);
    expect(wants('plan')).toEqual([undefined]);
    expect(wants('read-only')).toEqual([undefined]);
  });
});

describe('no word of the model makes it less', () => {
  const word = fc.oneof(fc.string(), fc.constantFrom('ls', '/a', '/etc/passwd', 'rm -rf /', 'a'));
  const usual = fc.record({ command: word, path: word, description: word }, { requiredKeys: [] });
  const rawInput = fc.dictionary(
    fc.constantFrom(
      'command',
      'cwd',
      'description',
      'timeout',
      'path',
      'file_path',
      'content',
      'env',
    ),
    fc.oneof(word, fc.jsonValue(), fc.array(word)),
  );
  const call = fc.record(
    {
      kind: fc.constantFrom('execute', 'edit', 'read', 'search', 'delete', 'fetch', 'other'),
      name: fc.constantFrom('shell', 'mcp__a__b'),
      rawInput: fc.oneof(usual, rawInput, fc.jsonValue()),
      content: fc.array(fc.oneof(word.map(diff), fc.jsonValue()), { maxLength: 3 }),
    },
    { requiredKeys: ['kind'] },
  );
  const texts = fc.array(
    word.map((text) => ({ type: 'content', content: { type: 'text', text } })),
    { maxLength: 2 },
  );
  const locations = fc.array(fc.oneof(word.map(at), fc.jsonValue()), { maxLength: 4 });

  test('title, description and text change nothing of it', () => {
    fc.assert(
      fc.property(call, word, texts, fc.dictionary(word, word), (asked, title, said, _meta) => {
        const wants = wantsOf({ ...asked, title: 'one' });
        const content = [...(asked.content ?? []), ...said];
        const more = { ...asked, title, description: title, _meta: { more: _meta }, content };
        if (asked.content !== undefined || said.length > 0) expect(wantsOf(more)).toEqual(wants);
        else expect(wantsOf({ ...asked, title })).toEqual(wants);
      }),
    );
  });

  test('locations add to it and take nothing away, but that a person is asked', () => {
    fc.assert(
      fc.property(call, locations, (asked, told) => {
        const wants = wantsOf({ ...asked, title: 't', locations: told });
        if (wants === undefined) return;
        if (asked.kind === 'execute') {
          const { command } = asked.rawInput as { command: unknown };
          if (!Array.isArray(command)) expect(wants.command).toBe(command);
          expect(wants).toEqual(wantsOf({ ...asked, title: 't' }));
          return;
        }
        const without = wantsOf({ ...asked, title: 't' })?.locations ?? [];
        expect(wants.locations).toEqual(expect.arrayContaining([...without]));
        const paths = told.map((each) => (each as { path: unknown }).path);
        expect(wants.locations).toEqual(expect.arrayContaining(paths));
        const diffs = (asked.content ?? []).map((each) => (each as { path: unknown }).path);
        expect(wants.locations).toEqual(
          expect.arrayContaining(diffs.filter((path) => typeof path === 'string')),
        );
      }),
      { numRuns: 500 },
    );
  });
});
