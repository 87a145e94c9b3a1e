import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LaunchError } from '../../src/ports/hosts.ts';
import { ended, marked, text, Workshop } from './workshop.ts';

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.close());

describe('launch', () => {
  test('S4: the environment is what was asked and the marker, nothing of the daemon or the shell', async () => {
    const env = { PATH: '/nowhere', A: 'x y\n$HOME `id` "\'', HOME: '/tmp', _x: '', OLDPWD: '/o' };
    const spec = { ...workshop.spec('/usr/bin/env', ['-0']), env };
    const host = await workshop.launch(spec);
    await ended(host);
    const said = (await text(host)).split('\0').slice(0, -1).toSorted();
    const asked = { ...env, TURNKEEP_HOST: spec.host };
    expect(said).toEqual(
      Object.entries(asked)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted(),
    );
  });

  test('S4: a PWD that was asked for arrives as it is', async () => {
    const spec = { ...workshop.spec('/usr/bin/env'), env: { PWD: '/some/where' } };
    const host = await workshop.launch(spec);
    await ended(host);
    expect((await text(host)).split('\n').toSorted().slice(1)).toEqual([
      'PWD=/some/where',
      `TURNKEEP_HOST=${spec.host}`,
    ]);
  });

  test('S3: arguments arrive as they are, whatever a shell would make of them', async () => {
    const args = [
      '',
      ' ',
      '*',
      '$(touch x)',
      '`id`',
      '"\'\\',
      '-c',
      '--',
      'a\nb',
      ';exit',
      '\u{1f600}',
    ];
    const show = 'for a; do printf "%s\\0" "$a"; done';
    const host = await workshop.launch(workshop.spec('/bin/bash', ['-c', show, 'name', ...args]));
    await ended(host);
    expect((await text(host)).split('\0').slice(0, -1)).toEqual(args);
    expect(await readdir(workshop.directory)).toEqual(['archive', 'hosts']);
  });

  test('S1: the directory is 0700 and its files 0600, and the agent has the umask of the daemon', async () => {
    const host = await workshop.agent('umask');
    await ended(host);
    const umask = await stat(workshop.directory).then(() => process.umask());
    expect(Number.parseInt(await text(host), 8)).toBe(umask);
    const mode = async (file: string): Promise<number> =>
      (await stat(workshop.path(host.id, file))).mode & 0o777;
    expect(await mode('')).toBe(0o700);
    const files = await readdir(workshop.path(host.id));
    expect(files.toSorted()).toEqual(
      ['claim', 'err.log', 'exit', 'group', 'in', 'in.ndjson', 'out.ndjson'].toSorted(),
    );
    for (const file of files) expect(await mode(file)).toBe(0o600);
  });

  test('R3: what cannot start is refused with its reason, and nothing of it is left running', async () => {
    const file = join(workshop.directory, 'file');
    const interpreter = join(workshop.directory, 'interpreter');
    await writeFile(file, 'text');
    await writeFile(interpreter, '#!/no/such/interpreter\n');
    await chmod(interpreter, 0o755);
    const cases = [
      [workshop.spec('no-such-program'), 'missing-program', /no-such-program/],
      [workshop.spec(''), 'missing-program', /not there/],
      [workshop.spec('/no/such/program'), 'missing-program', /not there/],
      [workshop.spec(workshop.directory), 'missing-program', /not there/],
      [workshop.spec(file), 'missing-program', /cannot be executed/],
      [{ ...workshop.spec('true'), cwd: '/no/such/cwd' }, 'missing-cwd', /is not there/],
      [{ ...workshop.spec('true'), cwd: file }, 'missing-cwd', /not a directory/],
      [{ ...workshop.spec('true'), cwd: 'relative' }, 'missing-cwd', /absolute/],
      [workshop.spec(interpreter), 'other', /did not start: .*No such file/],
      [workshop.spec('true', ['a\0b']), 'other', /NUL/],
      [{ ...workshop.spec('/bin/true'), env: { 'A.B': '1' } }, 'other', /A\.B/],
      [workshop.spec('true', ['x'.repeat(3_000_000)]), 'other', /E2BIG/],
    ] as const;
    for (const [spec, reason, message] of cases) {
      const error: unknown = await workshop.launch(spec).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(LaunchError);
      expect(error).toMatchObject({ reason, message: expect.stringMatching(message) as unknown });
      expect(await marked(spec.host)).toEqual([]);
    }
  });

  test('R3: a program that only says nothing and exits 1 has started', async () => {
    const host = await workshop.launch(workshop.spec('false'));
    expect(await ended(host)).toEqual({ exitCode: 1, signal: null, witnessed: true });
  });

  test('S3: an id that is not one never becomes a path', async () => {
    const hosts = await workshop.daemon();
    for (const host of ['../x', '', '.', 'a/b', 'a\0b']) {
      await expect(hosts.launch({ ...workshop.spec('true'), host })).rejects.toThrow(
        /not a host id/,
      );
      await expect(hosts.recover(host)).rejects.toThrow(/not a host id/);
      await expect(hosts.remove(host)).rejects.toThrow(/not a host id/);
    }
  });

  test('R7: a directory that nobody claimed is used, one that somebody claimed is not', async () => {
    const spec = workshop.spec('echo', ['hello']);
    await mkdir(workshop.path(spec.host), { recursive: true, mode: 0o700 });
    await writeFile(workshop.path(spec.host, 'out.ndjson'), '', { mode: 0o600 });
    const host = await workshop.launch(spec);
    await ended(host);
    await expect(workshop.launch(spec)).rejects.toThrow(/claimed already/);
    expect(await text(host)).toBe('hello\n');
  });

  test('R1: of wrappers that race for one host exactly one starts the agent', async () => {
    for (let round = 0; round < 10; round++) {
      const spec = workshop.spec('/bin/bash', ['-c', 'echo started; read -r line']);
      const tries = await Promise.allSettled(
        Array.from({ length: 4 }, () => workshop.launch(spec)),
      );
      const won = tries.filter((result) => result.status === 'fulfilled');
      expect(won).toHaveLength(1);
      const host = won[0]!.value;
      await host.write(0, new TextEncoder().encode('go\n'));
      await ended(host);
      expect(await text(host)).toBe('started\n');
    }
  });

  test('R7: remove takes the directory away, strays are those that nobody owns', async () => {
    const hosts = await workshop.daemon();
    const host = await workshop.agent('exit 0');
    const other = await workshop.agent('exit 0');
    await Promise.all([ended(host), ended(other)]);
    expect(await hosts.strays(new Set([other.id]))).toEqual([host.id]);
    await hosts.remove(host.id);
    await hosts.remove(host.id);
    expect(await hosts.strays(new Set())).toEqual([other.id]);
    expect(await readFile(workshop.path(other.id, 'exit'), 'utf8')).toBe('0\n');
  });
});
