import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openHosts } from '../../src/hosts/hosts.ts';
import { ArchiveDamaged } from '../../src/ports/raw.ts';

const archiver = fileURLToPath(new URL('./archiver.ts', import.meta.url));
const out = Buffer.from('{"type":"text","delta":"word"}\n'.repeat(60_000));
const input = Buffer.from('{"prompt":1}\n');

/** Archives in a process of its own, which is killed before or after its nth step. True if it was. */
async function killedAt(root: string, step: string): Promise<boolean> {
  const child = spawn(process.execPath, [archiver, root, step], { stdio: 'inherit' });
  const [code, ended] = (await once(child, 'exit')) as [number | null, string | null];
  if (ended === 'SIGKILL') return true;
  expect(code).toBe(0);
  return false;
}

test(
  'R7 L8: killed at any step, the directory is there or the archive is whole, and the next one ends it',
  { timeout: 120_000 },
  async () => {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-archive-')));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    const directory = join(root, 'hosts');
    const open = (): ReturnType<typeof openHosts> =>
      openHosts({ directory, archive: join(root, 'archive'), warn: () => undefined });
    let steps = 0;
    for (const when of ['before', 'half', 'after']) {
      for (let step = 1; ; step++) {
        await mkdir(join(directory, 'h'), { recursive: true });
        await writeFile(join(directory, 'h', 'out.ndjson'), out);
        await writeFile(join(directory, 'h', 'in.ndjson'), input);
        const killed = await killedAt(root, `${when} ${step}`);
        const kept = await readFile(join(directory, 'h', 'out.ndjson')).catch(() => null);
        const hosts = await open();
        const names = await readdir(join(root, 'archive'));
        expect(names.filter((name) => name.endsWith('.draft'))).toEqual([]);
        const archived = await wholeOf(hosts);
        expect(
          archived?.equals(out) === true || kept?.equals(out) === true,
          `${when} ${step}`,
        ).toBe(true);
        // The same again, as the next start does it.
        await hosts.archive('h', [], new AbortController().signal);
        await hosts.remove('h');
        expect((await wholeOf(hosts))?.equals(out)).toBe(true);
        await hosts.removeArchive('h');
        if (!killed) break;
        steps += 1;
      }
    }
    expect(steps).toBeGreaterThan(20);
  },
);

/** All bytes of the archive; null where there is none, or not all of one. */
async function wholeOf(hosts: Awaited<ReturnType<typeof openHosts>>): Promise<Buffer | null> {
  const parts: Uint8Array[] = [];
  try {
    const archive = await hosts.archived('h');
    if (archive === undefined) return null;
    for (let at = 0, part; (part = await archive.read('out', at, 1e6)).length > 0;) {
      parts.push(part);
      at += part.length;
    }
    await archive.close();
  } catch (error) {
    if (error instanceof ArchiveDamaged) throw new Error('a name of an archive that is not whole');
    throw error;
  }
  return Buffer.concat(parts);
}
