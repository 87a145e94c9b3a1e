import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Framer, type Line } from '../../src/engine/spool/framer.ts';

const small = { maxBytes: 24, headBytes: 4, lines: 3 };
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function frame(chunks: readonly Uint8Array[], start = 0, limits = small): Line[] {
  const framer = new Framer(start, limits);
  const lines: Line[] = [];
  let begin = start;
  for (const chunk of chunks) {
    const end = begin + chunk.length;
    while (framer.offset < end) {
      const some = framer.push(chunk.subarray(framer.offset - begin));
      expect(some.length).toBeLessThanOrEqual(limits.lines);
      lines.push(...some);
    }
    begin = end;
  }
  const rest = framer.end();
  return rest === undefined ? lines : [...lines, rest];
}

/** What the framer should say, said slowly. */
function reference(bytes: Uint8Array, start: number): Line[] {
  const lines: Line[] = [];
  let from = 0;
  for (let at = 0; at <= bytes.length; at++) {
    const terminator = bytes[at] === 0x0a ? 1 : 0;
    if (terminator === 0 && (at < bytes.length || at === from)) continue;
    const content = bytes.slice(from, at);
    const place = { from: start + from, to: start + at + terminator };
    lines.push(
      content.length > small.maxBytes
        ? { kind: 'oversized', ...place, head: content.slice(0, small.headBytes) }
        : { kind: 'line', ...place, bytes: content },
    );
    from = at + 1;
  }
  return lines;
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].toSorted(
    (a, b) => a - b,
  );
  const ends = [...places, bytes.length];
  return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
}

const spool = fc
  .array(fc.oneof(fc.constant(0x0a), fc.constant(0x0d), fc.integer({ min: 0, max: 255 })), {
    maxLength: 200,
  })
  .map((bytes) => Uint8Array.from(bytes));

describe('framer', () => {
  test('L8: any chunking gives the same lines, with exact offsets, and loses no byte', () => {
    fc.assert(
      fc.property(spool, fc.array(fc.nat(), { maxLength: 40 }), fc.nat(), (bytes, at, start) => {
        const lines = frame(cut(bytes, at), start);
        expect(lines).toEqual(reference(bytes, start));
        let expected = start;
        for (const line of lines) {
          expect(line.from).toBe(expected);
          expected = line.to;
        }
        expect(expected).toBe(start + bytes.length);
      }),
      { numRuns: 500 },
    );
  });

  test('L8: reading again from the offset of any line gives the same rest', () => {
    fc.assert(
      fc.property(spool, (bytes) => {
        const lines = frame([bytes], 100);
        lines.forEach((line, index) => {
          expect(frame([bytes.slice(line.from - 100)], line.from)).toEqual(lines.slice(index));
        });
      }),
    );
  });

  test('L8: a line ends at LF only: CR, U+2028, U+2029, NEL, form feed and NUL are content', () => {
    const text = 'a\u2028b\u2029c\u0085d\fe\0f\r';
    const [line, ...rest] = frame([encode(`${text}\n`)]);
    expect(rest).toEqual([]);
    expect(line?.kind === 'line' && decode(line.bytes)).toEqual(text);
  });

  test('L8: a torn tail waits with its offset until it is completed', () => {
    const framer = new Framer(1000);
    expect(framer.push(encode('{"a":1}\n{"b"'))).toHaveLength(1);
    expect(framer.offset).toBe(1012);
    expect(framer.push(encode(':2}\n'))).toEqual([
      { kind: 'line', from: 1008, to: 1016, bytes: encode('{"b":2}') },
    ]);
    expect(framer.end()).toBeUndefined();
    expect(framer.push(encode('torn'))).toEqual([]);
    expect(framer.end()).toEqual({
      kind: 'line',
      from: 1016,
      to: 1020,
      bytes: encode('torn'),
    });
  });

  test('L8: one push of nothing but newlines gives few lines, and the rest is taken from the offset on', () => {
    const chunk = new Uint8Array(256 * 1024).fill(0x0a);
    const framer = new Framer(7);
    let count = 0;
    while (framer.offset < 7 + chunk.length) {
      const lines = framer.push(chunk.subarray(framer.offset - 7));
      expect(lines.length).toBeLessThanOrEqual(4096);
      expect(lines[0]).toMatchObject({ from: 7 + count });
      count += lines.length;
    }
    expect([count, framer.offset]).toEqual([chunk.length, 7 + chunk.length]);
    expect(framer.end()).toBeUndefined();
  });

  test('L8 V6: a line of 11 MB is given whole, in time that grows with its length', () => {
    const line = new Uint8Array(11_000_000).fill(0x78);
    const framer = new Framer(5);
    const started = performance.now();
    for (let at = 0; at < line.length; at += 4096) {
      expect(framer.push(line.subarray(at, at + 4096)).length).toBe(0);
    }
    const [whole] = framer.push(encode('\nnext'));
    expect(performance.now() - started).toBeLessThan(2000);
    expect(whole).toMatchObject({ kind: 'line', from: 5, to: 11_000_006 });
    expect(whole?.kind === 'line' && whole.bytes.length).toBe(11_000_000);
    expect(framer.offset).toBe(11_000_010);
  });

  test('L8: a line over 64 MiB is not kept whole, and the line after it is read', () => {
    const block = new Uint8Array(1024 * 1024).fill(0x79);
    const framer = new Framer(0);
    for (let block64 = 0; block64 < 64; block64++) framer.push(block);
    framer.push(Uint8Array.of(0x7a));
    for (let more = 0; more < 200; more++) framer.push(block);
    const [line, next] = framer.push(encode('\nnext\n'));
    const to = 264 * block.length + 2;
    expect(line).toMatchObject({ kind: 'oversized', from: 0, to });
    expect(line?.kind === 'oversized' && line.head.length).toBe(65_536);
    expect(next).toEqual({
      kind: 'line',
      from: to,
      to: to + 5,
      bytes: encode('next'),
    });
  });

  test('L8: a line of exactly 64 MiB is given, torn and whole', () => {
    const block = new Uint8Array(64 * 1024 * 1024).fill(0x79);
    const whole = new Framer(0);
    whole.push(block);
    expect(whole.push(encode('\n'))[0]).toMatchObject({ kind: 'line', to: block.length + 1 });
    const torn = new Framer(0);
    torn.push(block);
    expect(torn.end()).toMatchObject({ kind: 'line', to: block.length });
  });
});
