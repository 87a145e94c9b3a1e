import { onTestFinished, expect, test } from 'vitest';
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/app/system-clock.ts';
import { CommitProcess } from '../../src/hooks/commit-process.ts';
import { DirectoryHooks } from '../../src/hooks/commit-hooks.ts';
import type { CommitVerdict } from '../../src/ports/hooks.ts';
import { hookProgram } from './programs.ts';

function start(
  words: readonly string[],
  more: { deadlineMs?: number; directory?: string } = {},
): { hook: CommitProcess; logged: { event: string; data: object }[] } {
  const logged: { event: string; data: object }[] = [];
  const hook = new CommitProcess({
    command: hookProgram('hook.mjs', ...words),
    directory: more.directory ?? '/work',
    deadlineMs: more.deadlineMs ?? 20_000,
    env: {},
    clock: systemClock(),
    log: (event, data) => logged.push({ event, data }),
  });
  onTestFinished(() => hook.close());
  return { hook, logged };
}

let asked = 0;
function ask(hook: CommitProcess, text: string): Promise<CommitVerdict> {
  const data = { content: [{ type: 'text', text }] };
  return hook.ask({ id: `e${(asked += 1)}`, session: 's', kind: 'message', data });
}
const withheld = (reason: string) => ({ action: 'withhold', failed: true, reason });

test('H1: a long-lived program answers about one entry after another', async () => {
  const { hook } = start(['redact', 'canary']);
  const answers = await Promise.all([ask(hook, 'a'), ask(hook, 'a canary'), ask(hook, 'b')]);
  expect(answers).toEqual([
    { action: 'keep' },
    { action: 'redact', data: { content: [{ type: 'text', text: 'a XXX' }] } },
    { action: 'keep' },
  ]);
  expect(hook.view).toMatchObject({ running: true, kept: 2, redacted: 1, withheld: 0, failed: 0 });
});

test.each([
  ['ends', 'exit', 'the hook does not run'],
  ['answers no JSON', 'garble', 'the answer of the hook makes no sense'],
  ['answers about another entry', 'other', 'the answer of the hook makes no sense'],
])('H1: one that %s withholds that entry, and is started again', async (_, how, reason) => {
  const { hook, logged } = start([how, 'canary', '1']);
  expect(await ask(hook, 'one')).toEqual({ action: 'keep' });
  expect(await ask(hook, 'two')).toEqual(withheld(reason));
  // Started again at once, it answers the first that it is asked.
  expect(await ask(hook, 'three')).toEqual({ action: 'keep' });
  expect(hook.view).toMatchObject({ kept: 2, withheld: 1, failed: 1, lastFailure: reason });
  expect(logged.map(({ event }) => event)).toEqual(['hook.failed', 'hook.withheld']);
  expect(JSON.stringify(logged)).not.toContain('two');
});

test('H1: one that is late withholds; while it is down everything is withheld at once', async () => {
  const { hook } = start(['hang'], { deadlineMs: 40 });
  const late = withheld('the hook did not answer in time');
  expect(await ask(hook, 'one')).toEqual(late);
  expect(await ask(hook, 'two')).toEqual(late);
  const began = performance.now();
  const many = await Promise.all(Array.from({ length: 100 }, () => ask(hook, 'more')));
  expect(new Set(many.map((verdict) => verdict.action))).toEqual(new Set(['withhold']));
  // A hundred deadlines are four seconds.
  expect(performance.now() - began).toBeLessThan(3000);
});

test('H1: a program that is not there withholds everything', async () => {
  const logged: object[] = [];
  const hook = new CommitProcess({
    command: ['/nowhere/at-all'],
    directory: '/work',
    deadlineMs: 5000,
    env: {},
    clock: systemClock(),
    log: (event, data) => logged.push({ event, data }),
  });
  onTestFinished(() => hook.close());
  expect(await ask(hook, 'one')).toMatchObject({ action: 'withhold', failed: true });
  expect(JSON.stringify(logged)).toContain('ENOENT');
});

test('H1 S3: it is of its directory and all below, by real paths; several see what is left one by one', async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-hooks-')));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [outer, inner] = [join(root, 'app'), join(root, 'app', 'inner')];
  await mkdir(inner, { recursive: true });
  await mkdir(join(root, 'application'));
  await symlink(inner, join(root, 'link'));
  const one = start(['redact', 'one'], { directory: outer }).hook;
  const two = start(['redact', 'two'], { directory: inner }).hook;
  const hooks = new DirectoryHooks([one, two]);
  expect(await hooks.of([join(root, 'application'), root])).toBeNull();
  expect(await hooks.of([outer])).toBe(one);
  expect(await hooks.of([join(outer, 'gone', 'deep')])).toBe(one);
  const both = await hooks.of([join(root, 'link')]);
  const data = { raw: 'one two three' };
  expect(await both!.ask({ id: 'x', session: 's', kind: 'external', data })).toEqual({
    action: 'redact',
    data: { raw: 'XXX XXX three' },
  });
});
