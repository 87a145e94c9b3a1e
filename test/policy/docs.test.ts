import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultOf } from '../../src/policy/rule.ts';
import type { Rule } from '../../src/domain/policy.ts';
import { effectOf } from './court.ts';

// The examples of docs/policy.md: the rules stand before the verdicts that they lead to.
const text = readFileSync(path.join(import.meta.dirname, '../../docs/policy.md'), 'utf8');
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1]!,
  );
const rules = blocks('json').flatMap((block) => JSON.parse(block) as Rule[]);
const verdicts = blocks('verdicts').flatMap((block) =>
  block.split('\n').flatMap((line) => {
    const [, effect, command] = /^(allow|ask|deny) +(.+)$/.exec(line) ?? [];
    if (line !== '' && command === undefined) throw new Error(`No verdict: ${line}`);
    return command === undefined ? [] : [{ effect, command }];
  }),
);

describe('docs/policy.md', () => {
  test('has rules without fault', () => {
    expect(rules.length).toBeGreaterThan(5);
    expect(rules.map(faultOf)).toEqual(rules.map(() => null));
  });

  test.each(verdicts)('says $effect for $command', ({ effect, command }) => {
    expect(effectOf(command, rules)).toBe(effect);
  });

  test('has examples', () => {
    expect(verdicts.length).toBeGreaterThan(40);
  });
});
