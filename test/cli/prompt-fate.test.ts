import { expect, test } from 'vitest';
import { PromptFate } from '../../src/cli/prompt-fate.ts';
import type { Entry } from '../../src/domain/entry.ts';

const entry = (kind: string, data: object, more: object = {}): Entry =>
  ({ seq: 1, id: 'e', parentId: null, at: '', digest: '', kind, data, ...more }) as never;

const begun = entry('run_started', { prompts: ['p'] }, { runId: 'r1' });
const back = entry('queue', { change: 'requeued', reason: 'it was not sent' }, { about: 'p' });
const ended = (outcome: string, runId = 'r1'): Entry => entry('run_ended', { outcome }, { runId });

test('P3: a prompt that its run could not send has the outcome of that run', () => {
  const fate = new PromptFate('p');
  expect([begun, back].map((each) => fate.see(each))).toEqual([null, null]);
  expect(fate.see(ended('completed', 'another'))).toBeNull();
  expect(fate.see(ended('failed'))).toBe('failed');
});

test('R7 P3: one whose run was lost with the machine may go on in the next', () => {
  const fate = new PromptFate('p');
  const again = entry('run_started', { prompts: ['p'] }, { runId: 'r2' });
  const seen = [begun, back, ended('lost'), again].map((each) => fate.see(each));
  expect(seen).toEqual([null, null, null, null]);
  expect(fate.see(ended('completed', 'r2'))).toBe('completed');
});
