import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { lines, runInside, turnkeep } from './insider.ts';
import { Place } from './place.ts';

// What docs/inside.md shows is run here, inside a session.
const root = fileURLToPath(new URL('../..', import.meta.url));
const doc = await readFile(join(root, 'docs/inside.md'), 'utf8');

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

function example(language: string): string {
  const [, text] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(doc) ?? [];
  if (text === undefined) throw new Error(`no example in ${language}`);
  return text;
}

describe('docs/inside.md', { timeout: 120_000 }, () => {
  test('S1: the example for a shell works as it stands', async () => {
    const talk = await place.session();
    const bin = join(talk.cwd, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'turnkeep'), `#!/bin/sh\nexec ${turnkeep} "$@"\n`);
    await chmod(join(bin, 'turnkeep'), 0o755);
    await writeFile(join(talk.cwd, 'example.sh'), example('sh'));
    const [said, listed] = await runInside(
      talk,
      'PATH="$PWD/bin:$PATH" sh -eu example.sh',
      `${turnkeep} ls --json`,
    );
    expect([said!.code, said!.err]).toEqual([0, '']);
    expect(said!.out).toMatch(/completed[^]*completed/);
    expect(lines(listed!).map(({ parent }) => parent)).toContain(talk.session);
  });

  test('S1: the example for a program works as it stands', async () => {
    const talk = await place.session();
    const client = pathToFileURL(join(root, 'src/client/node/index.ts')).href;
    const program = example('js').replace('turnkeep/client/node', client);
    await writeFile(join(talk.cwd, 'example.mjs'), program);
    const [said] = await runInside(talk, `"${process.execPath}" example.mjs`);
    expect(said).toEqual({ code: 0, out: 'true\n', err: '' });
  });

  test('S5: it names the limits that hold', () => {
    expect(doc).toContain(`up to ${limits.familySessions.toLocaleString('en')} sessions`);
    expect(doc).toContain(`${limits.sessionDepth} deep`);
    expect(doc).toContain(`${limits.sessionChildren} children`);
  });
});
