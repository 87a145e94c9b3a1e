import { readdir, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ended, text, Workshop } from './workshop.ts';

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.close());

const show =
  'for a; do printf "%s\\0" "$a"; done; for a; do case $a in --*=*) cat "${a#*=}";; esac; done';

test('S1 S4: a text for the agent is a file of its host that only its user can read, named by the last arguments', async () => {
  const spec = workshop.spec('/bin/bash', ['-c', show, 'name', '-x']);
  const files = [
    { option: '--one', content: '--first\0 one' },
    { option: '--two', content: 'second ${HOME} \u{1f600}' },
  ];
  const host = await workshop.launch({ ...spec, files });
  await ended(host);
  const directory = workshop.path(host.id, 'files');
  const [first, second] = [`${directory}/0`, `${directory}/1`];
  expect(await text(host)).toBe(
    ['-x', `--one=${first}`, `--two=${second}`, '--first', ' one'].join('\0') +
      'second ${HOME} \u{1f600}',
  );
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect((await stat(first)).mode & 0o777).toBe(0o600);
});

test('S1: no archive has it, and it goes with the directory of the host', async () => {
  const spec = workshop.spec('/bin/bash', ['-c', 'echo said']);
  const secret = 'hush-hush-hush';
  const host = await workshop.launch({ ...spec, files: [{ option: '--x', content: secret }] });
  await ended(host);
  host.release();
  const hosts = await workshop.daemon();
  expect(await hosts.archive(host.id, [], new AbortController().signal)).toBe('archived');
  await hosts.remove(host.id);
  const left = await readdir(workshop.directory, { recursive: true, withFileTypes: true });
  const kept = left.filter((entry) => entry.isFile());
  expect(kept.map(({ parentPath }) => basename(parentPath))).toEqual(['archive']);
  const archive = await hosts.archived(host.id);
  try {
    // It is compressed: all that is in it is read.
    expect(Buffer.from(await archive!.read('out', 0, 1024)).toString()).toBe('said\n');
    expect(await archive!.size('in')).toBe(0);
    expect(await archive!.marks(0, 10)).toEqual([]);
  } finally {
    await archive?.close();
  }
});

test('a host without such texts has no directory for them', async () => {
  const host = await workshop.agent('true');
  await ended(host);
  expect(await readdir(workshop.path(host.id))).not.toContain('files');
});
