import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

// What the README tells people to type is typed here, in its order.
const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const cli = join(root, 'src/cli/main.ts');

let state: string;
let work: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'turnkeep-readme-'));
  work = await mkdtemp(join(tmpdir(), 'turnkeep-readme-work-'));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(state, { recursive: true, force: true });
  await rm(work, { recursive: true, force: true });
});

/** The lines of the fenced blocks of a section that begin with a word. */
function commands(section: string, word: string): string[] {
  const text = readme.split(`## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]!);
  const lines = blocks.join('\n').split('\n');
  return lines
    .filter((line) => line.startsWith(`${word} `))
    .map((line) => line.replace(/\s+#.*$/, ''));
}

interface Typed {
  child: ChildProcess;
  output: () => string;
  status: Promise<number | null>;
}

function type(line: string): Typed {
  const script = `turnkeep() { "${process.execPath}" "${cli}" "$@"; }; ${line}`;
  const child = spawn('bash', ['-c', script], {
    cwd: work,
    env: { ...process.env, TURNKEEP_STATE: state, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  children.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  }
  const status = once(child, 'close').then(([code]) => {
    children.delete(child);
    return code as number | null;
  });
  return { child, output: () => text, status };
}

async function says(typed: Typed, wanted: RegExp): Promise<void> {
  await expect.poll(typed.output, { timeout: 15_000, interval: 20 }).toMatch(wanted);
}

/** Ends a command that watches, with everything that it started in its group. */
async function leave(typed: Typed): Promise<void> {
  process.kill(-typed.child.pid!, 'SIGTERM');
  await typed.status;
}

test('the commands of the README do what it says, in its order', { timeout: 60_000 }, async () => {
  const typed = commands('A session of your own', 'turnkeep');
  const verbs = typed.map((line) => line.split(' ')[1]);
  expect(verbs).toEqual(['run', 'run', 'ls', 'attach', 'send', 'approve', 'abort', 'stop']);
  const [hello, script, ls, attach, send, approve, abort, stop] = typed as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];

  const first = type(hello);
  expect(await first.status, first.output()).toBe(0);
  expect(first.output()).toContain('completed');

  const asking = type(script);
  await says(asking, /date/);
  const list = type(ls);
  expect(await list.status, list.output()).toBe(0);
  expect(list.output()).toContain('hello');

  const watching = type(attach);
  await says(watching, /date/);
  const sent = type(send);
  expect(await sent.status, sent.output()).toBe(0);

  const approved = type(approve);
  expect(await approved.status, approved.output()).toBe(0);
  expect(await asking.status, asking.output()).toBe(0);
  expect(asking.output()).toContain('Done.');
  await leave(watching);

  const aborted = type(abort);
  expect(await aborted.status, aborted.output()).toBe(0);
  const stopped = type(stop);
  expect(await stopped.status, stopped.output()).toBe(0);
});

/** Input and output of the scripted agent in the table that `usage` prints; none where it is not in it. */
function tokensOf(table: string): [number, number] {
  const row = /scripted +\(not named\) +([\d,]+) +([\d,]+)/.exec(table);
  const count = (text = '0'): number => Number(text.replaceAll(',', ''));
  return [count(row?.[1]), count(row?.[2])];
}

test('F3 U1 U3: what was changed is shown and put back, and what it cost is shown and limited', async () => {
  const section = 'What it changed, and what it cost';
  const [diff, restore, usage, budget, ...others] = commands(section, 'turnkeep');
  expect(others).toEqual([]);
  const typed = async (line: string | undefined) => {
    const { status, output } = type(line ?? '');
    expect(await status, output()).toBe(0);
    return output();
  };
  // What sessions before it have used in the same state counts, too.
  await typed('turnkeep run hello');
  const before = tokensOf(await typed(usage));
  const notes = join(work, 'notes.txt');
  await typed('turnkeep run "[[write notes.txt|one]] [[usage 7|1]]"');
  expect(existsSync(notes)).toBe(true);
  // Files are looked at once their call has ended, after its entries.
  await expect
    .poll(() => typed(diff), { timeout: 15_000 })
    .toMatch(/notes\.txt {2}created[^]*\+one/);
  expect(await typed(restore)).toContain('notes.txt  removed: it was not there');
  expect(existsSync(notes)).toBe(false);
  const after = tokensOf(await typed(usage));
  expect(after.map((count, at) => count - before[at]!)).toEqual([7, 1]);
  expect(await typed(budget)).toMatch(/\$0\.0000 of \$5\.00 \(0 %\), then you are asked/);
  await typed('turnkeep stop');
}, 60_000);

test('the scripts of the README are there, and so are the files that it links', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const scripts = [...readme.matchAll(/npm run ([a-z]+)/g)].map((match) => match[1]!);
  expect(scripts.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
  const documents = ['README.md', 'ARCHITECTURE.md', 'AGENTS.md', 'SPEC.md'];
  for (const document of documents) {
    const text = readFileSync(join(root, document), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1]!);
    const missing = links.filter(
      (link) => !link.startsWith('http') && !existsSync(join(root, dirname(document), link)),
    );
    expect(missing, document).toEqual([]);
  }
});
