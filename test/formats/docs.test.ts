import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestText, type NewEntry } from '../../src/domain/entry.ts';
import { compiled } from '../compile-cache.ts';

// What docs/formats.md tells people to type is typed here, and its examples are files that are taken.
const root = path.join(import.meta.dirname, '../..');
const guide = readFileSync(path.join(root, 'docs/formats.md'), 'utf8');

let home = '';
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'turnkeep-formats-'));
});
afterAll(async () => {
  await type('turnkeep stop');
  await rm(home, { recursive: true, force: true });
});

async function type(
  line: string,
  more: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const cli = path.join(root, 'src/cli/main.ts');
  const script = `turnkeep() { "${process.execPath}" "${cli}" "$@"; }; ${line}`;
  const child = spawn('bash', ['-c', script], {
    cwd: home,
    env: {
      PATH: '/usr/bin:/bin',
      HOME: home,
      ...compiled(),
      TURNKEEP_STATE: path.join(home, 'state'),
      ...more,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

function blocks(language: string): string[] {
  return [...guide.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(
    (match) => match[1]!,
  );
}

/** The example with the digests that it leaves out. */
function sealed(example: string): string {
  const hash = createHash('sha256');
  return example
    .trim()
    .split('\n')
    .map((line) => {
      const value = JSON.parse(line) as { type: string; entry?: NewEntry & { digest: string } };
      if (value.entry !== undefined) {
        value.entry.digest = createHash('sha256').update(digestText(value.entry)).digest('hex');
      }
      const whole = value.type === 'end' ? { ...value, digest: hash.digest('hex') } : value;
      const text = `${JSON.stringify(whole)}\n`;
      if (value.type !== 'end') hash.update(text);
      return text;
    })
    .join('');
}

test('L3: the commands and the examples of the guide to formats do what it says', async () => {
  const [commands = '', http = ''] = blocks('sh');
  const [ours = '', pi = ''] = blocks('jsonl');
  expect((await type("turnkeep run '[[say Hello]]'")).code).toBe(0);
  const lines = commands
    .trim()
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, ''));
  expect(lines).toHaveLength(4);
  for (const line of lines) {
    const { code, out, err } = await type(line);
    expect([line, code, err]).toEqual([line, 0, '']);
    if (line.includes('import')) expect(out).toMatch(/: \S+, a .*session.*, \d+ entries added\n$/);
  }
  expect((await type('turnkeep import talk.jsonl')).out).toContain(', 0 entries added');
  expect((await type('turnkeep show from-pi')).out).toContain('> [[say Hello]]\nHello\n');

  const record = JSON.parse(await readFile(path.join(home, 'state/daemon.json'), 'utf8')) as {
    url: string;
  };
  const secret = (await readFile(path.join(home, 'state/token'), 'utf8')).trim();
  const session = (await type('turnkeep ls --json')).out.match(/"id":"([^"]+)"/)?.[1] ?? '';
  const asked = await type(http, { URL: record.url, TOKEN: secret, SESSION: session });
  expect(JSON.parse(asked.out)).toMatchObject({ created: false, added: 0 });

  await writeFile(path.join(home, 'ours.jsonl'), sealed(ours));
  expect((await type('turnkeep import ours.jsonl')).out).toContain(
    'hello, a new session, 2 entries',
  );
  expect((await type('turnkeep show hello')).out).toBe('Hello.\n');
  const back = await type('turnkeep export hello');
  expect(back.out).toBe(sealed(ours));
  await writeFile(path.join(home, 'theirs.jsonl'), pi);
  await type('turnkeep import theirs.jsonl');
  expect((await type('turnkeep show from-pi-file')).out).toMatch(/^> Hello\nHi!\n✓ completed/);
  expect((await type('turnkeep export from-pi-file --format pi')).out).toBe(pi);

  const torn = sealed(ours).slice(0, -20);
  await writeFile(path.join(home, 'torn.jsonl'), torn);
  const refused = await type('turnkeep import torn.jsonl');
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('Line 4:')]);
  expect((await type('turnkeep import nowhere.jsonl')).code).toBe(12);
}, 60_000);
