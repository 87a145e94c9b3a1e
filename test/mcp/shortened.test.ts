import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { questionId } from '../../src/mcp/question-id.ts';
import { replaced, shortened } from '../../src/mcp/shortened.ts';

const long = 'x'.repeat(limits.inlineBytes);

test('S5: an input is shown whole while it is small, and else in a size that may be asked with', () => {
  const small = { file_path: '/a', content: 'one' };
  expect(shortened(small)).toBe(small);
  const shown = shortened({ file_path: '/a', content: long, edits: [long] });
  expect(shown['file_path']).toBe('/a');
  expect(shown['content']).toMatch(/^x{1000}… \(\d+ more characters\)$/);
  expect(JSON.stringify(shown).length).toBeLessThan(limits.inlineBytes / 2);
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`m${at}`, long]));
  expect(JSON.stringify(shortened(many)).length).toBeLessThan(limits.inlineBytes / 2);
});

test('A1: what a person left as it was shown is whole; what they changed of which they saw a part is refused', () => {
  const input = { file_path: '/a', content: long };
  const shown = shortened(input);
  expect(replaced(input, { ...shown })).toEqual(input);
  expect(replaced(input, { ...shown, content: 'y' })).toBeNull();
  expect(replaced(input, { ...shown, more: 1 })).toBeNull();
  expect(replaced(input, 'text')).toBeNull();
  // Seen whole, it may be changed as a person likes.
  expect(replaced({ command: 'a' }, { command: 'b' })).toEqual({ command: 'b' });
});

test('the same use of a tool is the same question, another input or no name another one', () => {
  const id = questionId('use', { command: 'a' });
  expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
  expect(questionId('use', { command: 'a' })).toBe(id);
  expect(questionId('use', { command: 'b' })).not.toBe(id);
  expect(questionId(undefined, {})).not.toBe(questionId(undefined, {}));
});
