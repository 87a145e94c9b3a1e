import { describe, expect, test } from 'vitest';
import { optionOfKey } from '../../src/cli/render/approval.ts';
import { answerContent, choicesOf } from '../../src/cli/render/question.ts';
import { renderDiff } from '../../src/cli/render/diff.ts';
import { renderEntry } from '../../src/cli/render/entry.ts';
import { makeLook } from '../../src/cli/render/look.ts';
import { renderMarkdown } from '../../src/cli/render/markdown.ts';
import { MarkdownStream } from '../../src/cli/render/markdown-stream.ts';
import {
  renderAge,
  renderDuration,
  renderMoney,
  renderTokens,
} from '../../src/cli/render/measure.ts';
import { renderShutRuns } from '../../src/cli/render/shut-runs.ts';
import { renderToolCall } from '../../src/cli/render/tool-call.ts';
import type { ApprovalOption, ToolCall } from '../../src/domain/content.ts';
import type { Entry } from '../../src/domain/entry.ts';
import { entryOf, textContent } from './entries.ts';

const plain = makeLook(false, 80);
const colour = makeLook(true, 80);
const show = (entry: Entry) => renderEntry(entry, plain);
const tokens = { input: 10, output: 2500, cacheRead: 990, cacheWrite: 0, thought: 0 };

const call: ToolCall = { call: 'c', title: 'npm test', kind: 'execute', status: 'completed' };

describe('an entry', () => {
  test('prompt', () => {
    expect(
      show(entryOf('prompt', { content: textContent('one\ntwo'), delivery: 'queue' })),
    ).toEqual(['> one', '  two']);
  });

  test('delivery, only of what was said elsewhere', () => {
    const delivery = entryOf('delivery', { content: textContent('one\ntwo') });
    expect(show(delivery)).toEqual(['> one', '  two']);
    expect(show({ ...delivery, about: 'prompt' })).toEqual([]);
  });

  test('message, as it is without colours and styled with them', () => {
    const message = entryOf('message', { content: textContent('# Hi\n\n**you**') });
    expect(show(message)).toEqual(['# Hi', '', '**you**']);
    expect(renderEntry(message, colour)).toEqual([
      '\u001B[1m\u001B[36mHi\u001B[39m\u001B[22m',
      '',
      '\u001B[1myou\u001B[22m',
    ]);
  });

  test('message that was broken off', () => {
    const broken = entryOf('message', { content: textContent('and th'), incomplete: true });
    expect(show(broken)).toEqual(['and th', '(broken off)']);
  });

  test('message with an image', () => {
    const content = [...textContent('see'), { type: 'image' as const, mimeType: 'image/png' }];
    expect(show(entryOf('message', { content }))).toEqual(['see', '[image image/png]']);
  });

  test('thought, dimmed', () => {
    const thought = entryOf('thought', { content: textContent('hm') });
    expect(renderEntry(thought, colour)).toEqual(['\u001B[2m\u001B[3mhm\u001B[23m\u001B[22m']);
  });

  test('plan', () => {
    const items = [
      { content: 'read', priority: 'high' as const, status: 'completed' as const },
      { content: 'write', priority: 'high' as const, status: 'in_progress' as const },
      { content: 'test', priority: 'low' as const, status: 'pending' as const },
    ];
    expect(show(entryOf('plan', { items }))).toEqual(['Plan', '  ☑ read', '  ▸ write', '  ☐ test']);
  });

  test('end of a run, good and bad', () => {
    const ended = { usage: { tokens, cost: { amount: 0.25, currency: 'USD' } }, turns: 1 };
    const good = {
      ...ended,
      outcome: 'completed' as const,
      stopReason: 'end_turn',
      durationMs: 1500,
    };
    expect(show(entryOf('run_ended', good))).toEqual([
      '✓ completed · 1.5 s · 1.0k in, 2.5k out · $0.25',
    ]);
    const error = { category: 'service' as const, message: 'Overloaded', status: 529 };
    const bad = { ...ended, outcome: 'failed' as const, error, durationMs: 20 };
    expect(show(entryOf('run_ended', bad))).toEqual([
      '✗ failed · 20 ms · 1.0k in, 2.5k out · $0.25',
      '  service 529: Overloaded',
    ]);
  });

  test('queue, decision, abort, notice', () => {
    expect(show(entryOf('queue', { change: 'withdrawn' }))).toEqual(['◷ the prompt was withdrawn']);
    expect(show(entryOf('decision', { outcome: 'denied', message: 'not now' }))).toEqual([
      '  denied: not now',
    ]);
    expect(show(entryOf('abort', { force: false, reason: 'timeout', queue: 'keep' }))).toEqual([
      '◼ stopping: timeout',
    ]);
    expect(show(entryOf('notice', { code: 'x', text: 'Disk is full.' }))).toEqual([
      '! Disk is full.',
    ]);
  });

  test('of no news is not shown', () => {
    expect(show(entryOf('run_started', { trigger: 'prompt', prompts: [] }))).toEqual([]);
  });
});

describe('a tool call', () => {
  test('with its command, status and the end of its output', () => {
    const output = {
      exitCode: 1,
      output: Array.from({ length: 10 }, (_, at) => `line ${at}`).join('\n'),
    };
    const card = {
      ...call,
      title: 'Run tests',
      input: { command: 'npm test' },
      output,
      status: 'failed',
    };
    expect(renderToolCall(card as ToolCall, plain)).toEqual([
      '● Run tests  npm test',
      '  ⎿ failed, exit 1',
      '    … 2 lines before',
      ...Array.from({ length: 8 }, (_, at) => `    line ${at + 2}`),
    ]);
  });

  test('while it works has only its head, and later only what is new', () => {
    const begun = entryOf('tool_call', { ...call, status: 'in_progress' });
    expect(show(begun)).toEqual(['● npm test']);
    const done = entryOf('tool_call', { ...call, output: 'ok' }, { about: 'e0' });
    expect(show(done)).toEqual(['  ⎿ ok']);
  });

  test('with an edit as a diff', () => {
    const content = [{ type: 'diff' as const, path: 'a.ts', oldText: 'a\nb\n', newText: 'a\nc\n' }];
    expect(renderToolCall({ ...call, kind: 'edit', title: 'Edit a.ts', content }, plain)).toEqual([
      '● Edit a.ts',
      '  ⎿ a.ts  +1 -1',
      '     a',
      '    -b',
      '    +c',
    ]);
  });
});

describe('a diff', () => {
  test('is coloured', () => {
    const [, , removed, added] = renderDiff(
      { path: 'f', oldText: 'x\n1\n', newText: 'x\n2\n' },
      colour,
    );
    expect([removed, added]).toEqual(['\u001B[31m-1\u001B[39m', '\u001B[32m+2\u001B[39m']);
  });

  test('of a long new file is cut', () => {
    const newText = 'line\n'.repeat(100);
    const lines = renderDiff({ path: 'f', oldText: null, newText }, plain);
    expect(lines).toHaveLength(42);
    expect([lines[0], lines.at(-1)]).toEqual(['f  +100 -0', '… 60 more lines']);
  });
});

describe('an approval', () => {
  const options: ApprovalOption[] = [
    { id: 'once', name: 'Allow', kind: 'allow_once' },
    { id: 'no', name: 'Reject', kind: 'reject_once' },
    { id: 'never', name: 'Never', kind: 'reject_always' },
  ];

  test('shows what would be done, and the keys', () => {
    const toolCall = { ...call, title: 'Bash', input: { command: ['rm', '-r', 'x'] } };
    const entry = entryOf('approval', { request: 1, title: 'Run a command', toolCall, options });
    expect(show(entry)).toEqual([
      '? Run a command',
      '    rm -r x',
      '    1  (y) Allow',
      '    2  (n) Reject',
      '    3  Never',
    ]);
  });

  test.each([
    ['y', 'once'],
    ['n', 'no'],
    ['3', 'never'],
    ['a', undefined],
    ['4', undefined],
    ['0', undefined],
  ])('key %s means %s', (key, id) => {
    expect(optionOfKey(key, options)?.id).toBe(id);
  });

  test('a question shows its choices and is answered after its schema', () => {
    const schema = {
      type: 'object',
      properties: { answer: { type: 'string', enum: ['red', 'blue'] } },
    };
    const entry = entryOf('question', { request: 1, message: 'Which?', schema });
    expect(show(entry)).toEqual(['? Which?', '    1  red', '    2  blue']);
    expect(choicesOf(schema)).toEqual(['red', 'blue']);
    expect(answerContent('red', schema)).toEqual({ answer: 'red' });
    expect(answerContent('red', undefined)).toBe('red');
  });

  test('a form shows its fields and is answered as JSON, a page shows where it is, a list takes one of its choices', () => {
    const any = { type: 'array', items: { type: 'string', enum: ['x', 'y'] } };
    const schema = {
      type: 'object',
      properties: { name: { type: 'string', title: 'Who' }, age: { type: 'number' }, any },
    };
    expect(show(entryOf('question', { request: 1, message: 'Form', schema }))).toEqual([
      '? Form',
      '    name  Who: a text',
      '    age  a number',
      '    any  any of x, y',
      '    the answer is JSON: {"name": …, "age": …, "any": …}',
    ]);
    expect(answerContent('{"name":"Ada","age":36}', schema)).toEqual({ name: 'Ada', age: 36 });
    expect(answerContent('Ada', schema)).toBe('Ada');
    expect(answerContent('x', { type: 'object', properties: { any } })).toEqual({ any: ['x'] });
    const page = { type: 'object', properties: {}, url: 'https://example.org/\u001B[31mlogin' };
    expect(show(entryOf('question', { request: 1, message: 'Log in', schema: page }))).toEqual([
      '? Log in',
      '    open https://example.org/login',
    ]);
  });
});

describe('Markdown', () => {
  test('is laid out in lines', () => {
    const text = [
      '## Title',
      '',
      'Some `code` and a [link](http://x).',
      '',
      '1. one',
      '2. two',
      '   - deep',
      '',
      '> quoted',
      '',
      '```sh',
      'ls -l',
      '```',
      '',
      '| a | bb |',
      '|---|---|',
      '| 1 | 2 |',
    ].join('\n');
    expect(renderMarkdown(text, plain)).toEqual([
      'Title',
      '',
      'Some code and a link (http://x).',
      '',
      '1. one',
      '2. two',
      '   • deep',
      '',
      '│ quoted',
      '',
      '  ls -l',
      '',
      'a  bb',
      '─  ──',
      '1  2',
    ]);
  });

  test('is coloured', () => {
    expect(renderMarkdown('a **b** `c`', colour)).toEqual([
      'a \u001B[1mb\u001B[22m \u001B[36mc\u001B[39m',
    ]);
  });
});

describe('Markdown while it comes', () => {
  const stream = (chunks: readonly string[], look = colour) => {
    const markdown = new MarkdownStream(look);
    return chunks.map((chunk) => markdown.write(chunk)).join('') + markdown.end();
  };

  test('without colours is the text itself', () => {
    expect(stream(['# a **', 'b** `c', '`\n'], plain)).toBe('# a **b** `c`\n');
  });

  test('gets the same styles however it is cut', () => {
    const text = '# T\n- a **b** c\n> q\n`x` * y\n```\nz **\n```\nend *';
    const whole = stream([text]);
    const joined = (styled: string) =>
      styled.replaceAll('\u001B[22m\u001B[1m', '').replaceAll('\u001B[39m\u001B[36m', '');
    expect(joined(stream(text.split('')))).toBe(whole);
    const bare = whole.replaceAll(new RegExp(`${'\u001B'}\\[\\d+m`, 'g'), '');
    expect(bare).toBe('T\n• a b c\n│ q\nx * y\n```\nz **\n```\nend *');
    expect(whole).toContain('\u001B[1mT\u001B[22m\n');
    expect(whole).toContain('• a \u001B[1mb\u001B[22m c');
  });
});

test('measures', () => {
  expect([900, 1500, 61_000, 3_660_000].map(renderDuration)).toEqual([
    '900 ms',
    '1.5 s',
    '1 min 1 s',
    '1 h 1 min',
  ]);
  const now = Date.parse('2026-01-02T00:00:00Z');
  expect(renderAge('2026-01-01T23:59:30Z', now)).toBe('30s');
  expect(renderAge('2026-01-01T00:00:00Z', now)).toBe('1d');
  expect(renderTokens(tokens)).toBe('1.0k in, 2.5k out');
  expect(renderMoney({ amount: 0.0123, currency: 'EUR' })).toBe('0.0123 EUR');
});

test('R8: what was ended or left working is told', () => {
  const runs = [{ session: 's1', run: 'r1', outcome: 'cancelled' }];
  expect(renderShutRuns('stop', runs)).toEqual(['Ended. Stopped:', '  s1  run r1  cancelled']);
  expect(renderShutRuns('detach', [])).toEqual(['Ended. No run was open.']);
});
