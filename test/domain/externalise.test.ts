import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import { fromBase64, toBase64 } from '../../src/domain/base64.ts';
import type { BlobRef, ContentBlock, ToolCall } from '../../src/domain/content.ts';
import { externalise, preview, smallBlock, wholeUnits } from '../../src/domain/externalise.ts';
import { limits } from '../../src/domain/limits.ts';

/** Keeps blobs in a list; the digest is the place in it. */
function blobs() {
  const kept: string[] = [];
  const put = (content: { text: string } | { base64: string }): BlobRef => {
    kept.push('text' in content ? content.text : content.base64);
    return { digest: String(kept.length - 1), size: kept.at(-1)!.length };
  };
  return { kept, put };
}

const long = 'long '.repeat(limits.inlineBytes);

describe('what is too large for an entry', () => {
  test('a text over the inline limit lies in a blob, whole, with a preview', () => {
    const { kept, put } = blobs();
    const small = smallBlock({ type: 'text', text: long }, put);
    expect(small).toEqual({
      type: 'text',
      text: preview(long),
      blob: { digest: '0', size: long.length },
    });
    expect(kept).toEqual([long]);
  });

  test('the limit is one of UTF-8 bytes', () => {
    const { kept, put } = blobs();
    const fits = '漢'.repeat(Math.floor(limits.inlineBytes / 3));
    expect(smallBlock({ type: 'text', text: fits }, put)).toEqual({ type: 'text', text: fits });
    expect(smallBlock({ type: 'text', text: `${fits}漢` }, put)).toHaveProperty('blob');
    expect(kept).toHaveLength(1);
  });

  test('an image goes to a blob without its data', () => {
    const { kept, put } = blobs();
    const data = 'A'.repeat(limits.pieceChars + 4);
    const small = smallBlock({ type: 'image', mimeType: 'image/png', data }, put);
    expect(small).toEqual({
      type: 'image',
      mimeType: 'image/png',
      blob: { digest: '0', size: data.length },
    });
    expect(kept).toEqual([data]);
  });

  test('a small one stays as it is, and one that is in a blob is not put there again', () => {
    const { kept, put } = blobs();
    const stays: ContentBlock[] = [
      { type: 'text', text: 'short' },
      { type: 'text', text: long, blob: { digest: 'd', size: 1 } },
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
      { type: 'resource_link', uri: 'file:///x', name: 'x' },
    ];
    for (const block of stays) expect(smallBlock(block, put)).toEqual(block);
    expect(kept).toEqual([]);
  });

  test('a tool call keeps to its size whatever is large in it', () => {
    const { kept, put } = blobs();
    const toolCall: ToolCall = {
      call: 'c',
      title: long,
      kind: 'edit',
      status: 'completed',
      input: { long },
      output: [long],
      content: [
        { type: 'diff', path: 'a', oldText: long, newText: long },
        { type: 'content', content: { type: 'text', text: long } },
        { type: 'terminal', terminalId: 't' },
      ],
      locations: Array.from({ length: 500 }, () => ({ path: 'p' })),
    };
    const event: AgentEvent = { type: 'tool_call', item: 'i', toolCall };
    const small = externalise(event, put);
    expect(JSON.stringify(small).length).toBeLessThan(limits.inlineBytes);
    expect(kept).toHaveLength(5);
    expect(kept).toContain(JSON.stringify({ long }));
    expect(toolCall.content).toHaveLength(3);
  });

  test('many middling contents together go to one blob', () => {
    const { kept, put } = blobs();
    const piece = { type: 'content', content: { type: 'text', text: 'x'.repeat(4000) } } as const;
    const content = Array.from({ length: 20 }, () => piece);
    const toolCall: ToolCall = {
      call: 'c',
      title: 't',
      kind: 'read',
      status: 'completed',
      content,
    };
    const small = externalise({ type: 'tool_call', item: 'i', toolCall }, put);
    expect(JSON.stringify(small).length).toBeLessThan(limits.inlineBytes);
    expect(kept).toEqual([JSON.stringify(content)]);
  });

  test('nothing else is touched', () => {
    const { put } = blobs();
    const event: AgentEvent = { type: 'notice', item: 'i', code: 'c', text: long };
    expect(externalise(event, put)).toBe(event);
  });
});

test('a cut never leaves half a surrogate pair', () => {
  const lone = /^[\udc00-\udfff]|[\ud800-\udbff]$/;
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.nat(), (text, at) => {
      const end = wholeUnits(text, 1 + (at % text.length));
      expect(text.slice(0, end)).not.toMatch(lone);
      expect(end).toBeGreaterThanOrEqual(Math.min(at % text.length, text.length));
    }),
  );
  expect(preview(`${'a'.repeat(limits.previewChars - 1)}😀`)).toHaveLength(limits.previewChars - 1);
});

test('base64 is the inverse of itself, over the size of a chunk too', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
    }),
  );
  const many = new Uint8Array(20_000).map((_, at) => at % 251);
  expect(fromBase64(toBase64(many))).toEqual(many);
});
