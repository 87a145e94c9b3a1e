import { expect, test } from 'vitest';
import type { Blobs } from '../../src/acp-face/content.ts';
import { fenced, toolCallFields } from '../../src/acp-face/tool-call.ts';
import type { ToolCall } from '../../src/domain/content.ts';
import type { Json } from '../../src/domain/json.ts';
import { refuse } from '../../src/domain/refusal.ts';

const digest = 'a'.repeat(64);

function blobsOf(texts: { [digest: string]: string }): Blobs {
  return {
    bytes: () => Promise.reject(new Error('Nobody asks for bytes here.')),
    text: async ({ digest: asked, size }) => {
      const text = texts[asked];
      if (text === undefined) throw refuse('not_found', 'There is no such blob.');
      if (text.length > size) throw new RangeError('offset is out of bounds');
      return text;
    },
  };
}

const call = (more: Partial<ToolCall>): ToolCall => ({
  call: 'c',
  title: 'echo hi',
  kind: 'execute',
  status: 'completed',
  ...more,
});

async function shown(more: Partial<ToolCall>, blobs = blobsOf({})): Promise<unknown> {
  const { content } = await toolCallFields(call(more), blobs);
  return content?.map((item) =>
    item.type === 'content' && item.content.type === 'text' ? item.content.text : item.type,
  );
}

test('an output that an agent tells beside its contents is shown, once', async () => {
  expect(await shown({ output: 'hi\n' })).toEqual(['```\nhi\n```']);
  expect(await shown({ output: 'hi', content: [] })).toEqual(['```\nhi\n```']);
  expect(await shown({ output: '# hi', kind: 'fetch' })).toEqual(['# hi']);
  const content = [{ type: 'content', content: { type: 'text', text: 'hi' } }] as const;
  expect(await shown({ output: 'hi', content })).toEqual(['hi']);
  expect(await shown({ output: '' })).toBeUndefined();
  expect(await shown({ output: { code: 0 } })).toBeUndefined();
  expect(await shown({})).toBeUndefined();
});

test('what is said of a change takes the place of no diff', async () => {
  expect(await shown({ kind: 'edit', output: 'The file was written.' })).toBeUndefined();
});

test('an output that lies beside its entry is read up to a size, and shown by its beginning beyond', async () => {
  const text = 'a "b"\n'.repeat(4000);
  const whole = JSON.stringify(text);
  const output = { blob: { digest, size: whole.length }, preview: whole.slice(0, 200) };
  expect(await shown({ output }, blobsOf({ [digest]: whole }))).toEqual([fenced(text)]);
  // Cut in the middle of an escape.
  for (const length of [5, 6, 7, 8, 9, 10]) {
    const preview = whole.slice(0, length);
    const [start] = (await shown({ output: { blob: { digest, size: 300_000 }, preview } })) as [
      string,
    ];
    const [, begin] = /^```\n([\s\S]*)\n… \(300000 bytes in all\)\n```$/.exec(start) ?? [];
    expect(begin).not.toBe('');
    expect(text.startsWith(begin!)).toBe(true);
  }
});

test('L8: an output of the agent that only looks as if it lay beside its entry ends nothing', async () => {
  const preview = '"x"';
  const forged: Json[] = [
    { blob: { digest, size: 3 }, preview },
    { blob: { digest: 'b'.repeat(64), size: 1 }, preview },
    { blob: { digest: '../x', size: 3 }, preview },
    { blob: { digest, size: -1 }, preview },
    { blob: { digest, size: 1.5 }, preview },
    { blob: { digest, size: 1e12 }, preview: '{"no": "text"}' },
    { blob: 'x', preview },
    { blob: { digest, size: 3 }, preview: 7 },
  ];
  const blobs = blobsOf({ ['b'.repeat(64)]: '"long"' });
  for (const output of forged) expect(await shown({ output }, blobs)).toBeUndefined();
});

test('nothing that a program prints ends the block that it stands in', () => {
  expect(fenced('a\n```\n[x](y)\n````\nb')).toBe('`````\na\n```\n[x](y)\n````\nb\n`````');
});
