import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examples } from '../../src/cli/examples.ts';
import { buildProgram, runProgram } from '../../src/cli/program.ts';
import { type RefusalCode, refusalCodes } from '../../src/domain/refusal.ts';
import { exitCode } from '../../src/protocol/error.ts';
import { FakeIo } from './fake-io.ts';
import { compiled } from '../compile-cache.ts';

// What docs/cli.md tells people to type is typed here, in its order.
const root = path.join(import.meta.dirname, '../..');
const guide = readFileSync(path.join(root, 'docs/cli.md'), 'utf8');
const cli = path.join(root, 'src/cli/main.ts');
const lines = [...guide.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block]) =>
  block!.trim().split('\n'),
);
const typed = lines.map((line) => ({
  line: line.replace(/\s+#.*$/, ''),
  code: Number(/# exit (\d+)/.exec(line)?.[1] ?? 0),
}));

let home = '';
beforeAll(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-cli-guide-')));
});
afterAll(async () => {
  await shell('turnkeep stop');
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Types a line into Bash; one that stays is left by Ctrl-C once it has said something. */
async function shell(line: string, stays = false): Promise<Ended> {
  const command = `"${process.execPath}" "${cli}"`;
  const script = stays
    ? `exec ${command} ${line.replace(/^turnkeep /, '')}`
    : `turnkeep() { ${command} "$@"; }; ${line}`;
  const child = spawn('bash', ['-c', script], {
    cwd: home,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TURNKEEP_STATE: path.join(home, 'state'),
      // The program is compiled once, not for each line.
      ...compiled(),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stays && out === '') child.kill('SIGINT');
    out += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** Commands that end only by Ctrl-C, and those that have to wait for an agent to ask. */
const staying = /^turnkeep (up|attach \w+|ls --watch.*)$/;
const patient = /^turnkeep (approve|deny) /;

test('the commands of the guide do what it says, in its order', { timeout: 240_000 }, async () => {
  expect(typed.length).toBeGreaterThan(60);
  for (const { line, code } of typed) {
    const asked = line.replace(/\bID$/, await tokenId(line));
    const deadline = Date.now() + 20_000;
    let ended = await shell(asked, staying.test(asked));
    while (patient.test(line) && ended.code === exitCode.not_found && Date.now() < deadline) {
      ended = await shell(asked);
    }
    expect(ended.code, `${line}\n${ended.out}${ended.err}`).toBe(code);
    if (line.includes('--json'))
      for (const one of ended.out.trim().split('\n')) if (one !== '') JSON.parse(one);
    expect(ended.out).not.toContain('\u001B');
  }
});

test('what the README shows of the policy is in the guide, and so is typed here', () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const [, section = ''] = /## What needs no asking\n([^]*?)\n## /.exec(readme) ?? [];
  const [, block = ''] = /```sh\n([^]*?)```/.exec(section) ?? [];
  const shown = block
    .trim()
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, ''));
  expect(shown).toHaveLength(2);
  expect(typed.map(({ line }) => line)).toEqual(expect.arrayContaining(shown));
});

async function tokenId(line: string): Promise<string> {
  if (!line.endsWith(' ID')) return '';
  const { out } = await shell('turnkeep token list --json');
  const tokens = out
    .trim()
    .split('\n')
    .map((one) => JSON.parse(one) as { id: string; name: string });
  return tokens.find(({ name }) => name === 'reader')!.id;
}

test('every exit code of a refusal is in the table of the guide, as it is in the code', () => {
  const rows = [...guide.matchAll(/^\| +(\d+) +\|([^|]*)\|/gm)].map(([, code, names]) => ({
    code: Number(code),
    names: [...names!.matchAll(/`(\w+)`/g)].map(([, name]) => name as RefusalCode),
  }));
  const told = rows.flatMap(({ code, names }) => names.map((name) => [name, code]));
  expect(told).toHaveLength(refusalCodes.length);
  expect(Object.fromEntries(told)).toEqual(exitCode);
  expect(rows.filter(({ names }) => names.length === 0).map(({ code }) => code)).toEqual([
    0, 1, 3, 130,
  ]);
});

describe('every command', () => {
  const named = (command: Command, name: string): [string, Command][] =>
    command.commands.length > 0
      ? command.commands.flatMap((below) => named(below, `${name} ${below.name()}`.trim()))
      : [[name, command]];
  const all = named(
    buildProgram(new FakeIo().io, () => {}),
    '',
  ).filter(([name]) => name !== '__complete');

  test('has an example in its help and in the guide', async () => {
    expect(new Set(all.map(([name]) => name))).toEqual(new Set(Object.keys(examples)));
    const shown = typed.map(({ line }) => line);
    for (const [name, wanted] of Object.entries(examples)) {
      expect(shown, name).toEqual(expect.arrayContaining([...wanted]));
      const fake = new FakeIo();
      expect(await runProgram([...name.split(' '), '--help'], fake.io)).toBe(0);
      for (const line of wanted) expect(fake.out).toContain(`  ${line}\n`);
    }
  });

  test('speaks JSON', () => {
    const silent = all.filter(
      ([, command]) => !command.options.some(({ long }) => long === '--json'),
    );
    // What they print is JSON already.
    expect(silent.map(([name]) => name)).toEqual(['export', 'mcp', 'acp', 'openapi']);
  });
});
