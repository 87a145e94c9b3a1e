import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntryOf } from '../../src/domain/entry.ts';
import type { Talk } from '../app/talk.ts';
import { call, script } from './model-script.ts';
import { checked, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

/** Waits for the snapshots of a run, and tells each in a line, in the order of their calls. */
async function told(talk: Talk, count: number): Promise<string[]> {
  await talk.next('snapshot', () => talk.of('snapshot').length >= count);
  const { session } = talk;
  return Promise.all(
    talk.of('snapshot').map(async ({ id, data }: EntryOf<'snapshot'>) => {
      const texts = await place.client.snapshots.get({ session, snapshot: id });
      const part = data.before.state === 'file' && data.before.partial === true ? 'part of ' : '';
      const before =
        data.before.state === 'file' ? part + JSON.stringify(texts.before) : data.before.state;
      const after = data.after === undefined ? '' : ` > ${JSON.stringify(texts.after)}`;
      return `${data.change} ${path.basename(data.path)}: ${before} (${data.beforeFrom})${after}`;
    }),
  );
}

test('F1 F2 F3: what it reads, edits and writes is known byte for byte, and is put back', async () => {
  const talk = await place.session();
  const file = path.join(talk.cwd, 'note');
  const made = path.join(talk.cwd, 'made');
  writeFileSync(file, 'one\r\ntwo\r\n');
  const edit = { file_path: file, old_string: 'two', new_string: 'three' };
  await talk.send(script(call('Read', { file_path: file }), '!next', '!say read'));
  await talk.end();
  // Now it is known exactly, and not only what the agent got of it.
  expect(await told(talk, 1)).toEqual(['read note: "one\\r\\ntwo\\r\\n" (disk)']);
  await talk.send(
    script(
      call('Edit', edit),
      '!next',
      call('Write', { file_path: made, content: 'made\n' }),
      '!next',
      '!say done',
    ),
  );
  for (const asked of [0, 1]) {
    const { id } = await talk.next(
      'approval',
      ({ seq }) => talk.of('approval')[asked]?.seq === seq,
    );
    await talk.decide(id, 'allow');
  }
  const ended = await talk.end(2);
  expect(ended.data.outcome).toBe('completed');
  const lines = await told(talk, 3);
  // A person who decides at once may be faster than the look.
  expect(lines[1]).toMatch(
    /^edited note: "one\\r\\ntwo\\r\\n" \((asked|chained)\) > "one\\r\\nthree\\r\\n"$/,
  );
  expect(lines[2]).toMatch(/^created made: absent \((asked|reported)\) > "made\\n"$/);
  const { session } = talk;
  const run = ended.runId!;
  const { files } = await place.client.snapshots.restore({ session, run });
  expect(files.map(({ outcome }) => outcome)).toEqual(['restored', 'restored']);
  expect([readFileSync(file, 'utf8'), existsSync(made)]).toEqual(['one\r\ntwo\r\n', false]);
  await checked(talk);
});

test('F2: where nobody is asked it tells itself what was there, also of edits that follow each other at once', async () => {
  const talk = await place.session();
  const { session } = talk;
  await place.client.sessions.patch({ session, mode: 'acceptEdits' });
  const file = path.join(talk.cwd, 'note');
  writeFileSync(file, 'one\ntwo\n');
  const edit = (from: string, to: string) =>
    call('Edit', { file_path: file, old_string: from, new_string: to });
  await talk.send(
    script(
      call('Read', { file_path: file }),
      '!next',
      edit('one', '1'),
      edit('two', '2'),
      '!next',
      call('Write', { file_path: file, content: 'anew\n' }),
      '!next',
      '!say done',
    ),
  );
  const ended = await talk.end();
  expect(talk.of('approval').filter(({ data }) => data.ruling === undefined)).toEqual([]);
  const lines = await told(talk, 4);
  const [read, ...edits] = lines;
  // An agent that went on before the file was looked at: then it is what the agent got.
  expect([
    'read note: "one\\ntwo\\n" (disk)',
    'read note: part of "1\\tone\\n2\\ttwo\\n3\\t" (reported)',
  ]).toContain(read);
  expect(edits.map((line) => line.replace(/\((chained|reported)\)/, '(known)'))).toEqual([
    'edited note: "one\\ntwo\\n" (known) > "1\\ntwo\\n"',
    'edited note: "1\\ntwo\\n" (known) > "1\\n2\\n"',
    'edited note: "1\\n2\\n" (known) > "anew\\n"',
  ]);
  await place.client.snapshots.restore({ session, run: ended.runId! });
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
  await checked(talk);
});
