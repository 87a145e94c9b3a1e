import { describe, expect, test } from 'vitest';
import { entryKinds, type EntryKind } from '../../src/domain/entry.ts';
import type { Json } from '../../src/domain/json.ts';
import { isRedactable, redactedData, withheldData, withheldText } from '../../src/domain/redact.ts';

const secret = 'geheim';
const text = (content: string) => ({ type: 'text', text: content });
const call = {
  call: 'c1',
  title: secret,
  kind: 'execute',
  status: 'completed',
  input: { command: secret },
  output: [secret],
  content: [
    { type: 'content', content: text(secret) },
    {
      type: 'diff',
      path: `/x/${secret}`,
      oldText: null,
      newText: secret,
      newBlob: { digest: 'd', size: 1 },
    },
    { type: 'terminal', terminalId: 't' },
  ],
  locations: [{ path: `/x/${secret}`, line: 3 }],
};

/** An entry of each kind with a secret wherever there may be one. */
const examples: { readonly [Kind in EntryKind]?: Json } = {
  prompt: { content: [text(secret)], delivery: 'queue', timeoutMs: 5 },
  delivery: { content: [text('told'), text(secret)], primed: true },
  message: { content: [text(secret)], incomplete: true },
  thought: { content: [text(secret)] },
  tool_call: call,
  plan: { items: [{ content: secret, priority: 'high', status: 'pending' }] },
  approval: {
    request: 'r1',
    title: secret,
    toolCall: call,
    options: [{ id: 'yes', name: secret, kind: 'allow_once' }],
    wants: { tool: null, kind: 'execute', command: secret, locations: [], cwd: null },
    ruling: { effect: 'ask', level: null, rule: 'none', why: secret },
  },
  decision: {
    outcome: 'denied',
    option: 'no',
    message: secret,
    reason: secret,
    input: { a: secret },
  },
  question: { request: 1, message: secret, schema: { title: secret } },
  answer: { outcome: 'answered', content: { a: secret }, reason: secret },
  run_ended: {
    outcome: 'failed',
    error: { category: 'limit', message: secret, status: 429 },
    usage: { tokens: { input: 1 } },
    durationMs: 3,
    turns: 1,
    answer: { entry: 'e', text: secret },
  },
  queue: { change: 'edited', reason: secret, content: [text(secret)] },
  settings: {
    from: 'client',
    changes: {
      title: secret,
      label: secret,
      meta: { a: secret },
      instructions: { append: secret },
      model: 'm',
    },
  },
  host: { host: 'h', state: 'ended', error: { category: 'launch', message: secret } },
  compaction: { keep: null, keepSeq: 3, summary: secret },
  snapshot: {
    path: `/x/${secret}`,
    change: 'edited',
    before: { state: 'link', target: secret },
    beforeFrom: 'asked',
  },
  restore: { state: 'ended', files: [{ path: secret, outcome: 'failed', message: secret }] },
  notice: { code: 'c', text: secret, data: { a: secret } },
  external: { type: 't', raw: { a: secret } },
  owner: { state: 'host', epoch: 2, memory: 'primed', reason: secret },
  native: { format: 'f', session: 's', file: '', line: secret },
  unrecognized: { reason: secret, raw: secret, count: 1, range: { host: 'h', from: 0, to: 9 } },
};
const kinds = Object.keys(examples) as EntryKind[];

describe('what a hook may change', () => {
  test('H1: of every kind it is known whether it holds texts', () => {
    expect(entryKinds.filter(isRedactable).toSorted()).toEqual(kinds.toSorted());
  });

  test.each(kinds)('H1: of %s every text, and a withheld one has none left', (kind) => {
    const data = examples[kind]!;
    const changed = JSON.parse(JSON.stringify(data).replaceAll(secret, 'XXX')) as Json;
    // What the policy was asked about may only be left out.
    const given = kind === 'approval' ? without(changed, 'wants') : changed;
    expect(redactedData(kind, data, given)).toEqual(given);
    expect(JSON.stringify(withheldData(kind, data))).not.toContain(secret);
    expect(redactedData(kind, data, data)).toEqual(data);
  });

  test.each(kinds)('H1: of %s nothing else', (kind) => {
    const data = examples[kind]! as { readonly [name: string]: Json };
    for (const given of [null, [], 'text', {}, { ...data, more: 1 }, [data]] as Json[]) {
      expect(redactedData(kind, data, given)).toBeNull();
    }
    for (const [name, value] of Object.entries(data)) {
      if (typeof value === 'string' && value.includes(secret)) continue;
      if (typeof value === 'object') continue;
      const other =
        typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : 'other';
      expect(redactedData(kind, data, { ...data, [name]: other })).toBeNull();
    }
  });

  test('H1: lists keep their length, ids and states their values, wherever they stand', () => {
    const plan = examples.plan as { items: { status: string }[] };
    const approval = examples.approval as { options: object[]; toolCall: object };
    const [option] = approval.options;
    const broken: [EntryKind, Json][] = [
      ['plan', { items: [] }],
      ['plan', { items: [{ ...plan.items[0], status: 'completed' } as Json] }],
      ['approval', { ...approval, options: [{ ...option, id: 'no' }] } as unknown as Json],
      ['approval', { ...approval, options: [option, option] } as unknown as Json],
      [
        'approval',
        { ...approval, toolCall: { ...approval.toolCall, call: 'x' } } as unknown as Json,
      ],
      ['message', { content: [text('a'), text('b')], incomplete: true }],
      ['message', { content: [], incomplete: true }],
      [
        'message',
        { content: [{ ...text('a'), blob: { digest: 'd', size: 1 } }], incomplete: true },
      ],
      ['message', { content: [{ type: 'video', text: 'a' }], incomplete: true }],
      ['message', { content: [{ type: 'constructor' }], incomplete: true }],
      [
        'settings',
        {
          from: 'client',
          changes: { ...(examples.settings as { changes: object }).changes, model: 'n' },
        },
      ],
    ];
    for (const [kind, given] of broken)
      expect(redactedData(kind, examples[kind]!, given)).toBeNull();
  });

  test('H1: an image may become a text, and one that lies in a blob may stay', () => {
    const image = { type: 'image', mimeType: 'image/png', data: 'aGFsbG8=' };
    const large = { type: 'image', mimeType: 'image/png', blob: { digest: 'd', size: 9 } };
    const data = { content: [image, large] };
    const given = { content: [text('(an image)'), large] };
    expect(redactedData('message', data, given)).toEqual(given);
    expect(withheldData('message', data)).toEqual({ content: [text(withheldText)] });
  });
});

function without(value: Json, name: string): Json {
  const { [name]: _, ...rest } = value as { readonly [name: string]: Json };
  return rest;
}
