import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Talk } from '../app/talk.ts';
import { addFile, run } from './codex-script.ts';
import { script } from './model-script.ts';
import { checked, Place } from './place.ts';
import { transcriptOf } from './transcript.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open([], 'codex');
});

afterAll(() => place.close());

/** A run with a thought, a change and a command, which waits in the middle of a text until HOLD is released. */
function story(hold: string): string {
  return script(
    '!think I look first',
    '!say before it ',
    `!hold ${hold}`,
    '!say and after it',
    addFile('note', 'written'),
    '!next',
    run('cat note > copy && wc -c copy'),
    '!next',
    '!say all is done',
  );
}

/** Allows the change and the command, and waits for the end of the run. */
async function allowed(talk: Talk): Promise<void> {
  for (const kind of ['edit', 'execute']) {
    const { id } = await talk.next('approval', ({ data }) => data.toolCall?.kind === kind);
    await talk.decide(id, 'allow');
  }
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(await readFile(path.join(talk.cwd, 'copy'), 'utf8')).toBe('written\n');
}

/** The log of the same prompt where nothing happens to the daemon. */
async function undisturbed(): Promise<unknown[]> {
  const talk = await place.session();
  place.model.release('free');
  await talk.send(story('free'));
  await allowed(talk);
  await checked(talk);
  return transcriptOf(talk);
}

/** The same session, seen by a client of the next daemon. */
async function restarted(before: Talk): Promise<Talk> {
  await place.start();
  return place.talk(before.session, before.cwd);
}

test('R7 L1 V4: a log is the same whether the daemon is killed in the middle of a text or not', async () => {
  const before = await place.session();
  await before.send(story('text'));
  await place.partial(before.session, ({ whole }) => whole === 'before it ');
  await place.kill();
  place.model.release('text');
  const talk = await restarted(before);
  await allowed(talk);
  await checked(talk);
  expect(await transcriptOf(talk)).toEqual(await undisturbed());
  expect(place.asked('!hold text')).toBe(1);
  expect(talk.of('host').filter(({ data }) => data.state === 'launched')).toHaveLength(1);
});

test('R7 A2: a log is the same whether the daemon is killed with an approval open or not', async () => {
  const before = await place.session();
  place.model.release('open');
  await before.send(story('open'));
  await before.next('approval');
  await place.kill();
  const talk = await restarted(before);
  expect((await talk.whole()).row.openApprovals).toBe(1);
  await allowed(talk);
  await checked(talk);
  expect(await transcriptOf(talk)).toEqual(await undisturbed());
});

test('R7 R4: a command that outlives the daemon is ended by an abort after its restart', async () => {
  const before = await place.session();
  await before.send(script(run('echo begun > begun; sleep 300'), '!next', '!say never'));
  const approval = await before.next('approval');
  await before.decide(approval.id, 'allow');
  await before.next('decision');
  await place.kill();
  const talk = await restarted(before);
  expect((await talk.abort({ wait: true })).status).toBe('aborted');
  expect((await talk.end()).data.outcome).toBe('cancelled');
  await talk.send('!say again');
  expect((await talk.end(2)).data.outcome).toBe('completed');
  await checked(talk);
});

test('R10: a session whose host was stopped is resumed with all that was said', async () => {
  const before = await place.session();
  await before.send('!say something to remember');
  await before.end();
  const { nativeId } = (await before.whole()).row;
  await place.stop();
  const talk = await restarted(before);
  await talk.send('!recall');
  await talk.end(2);
  expect(talk.texts('message').at(-1)).toBe('remembered: !say something to remember');
  expect((await talk.whole()).row.nativeId).toBe(nativeId);
  expect(talk.of('host').filter(({ data }) => data.resumed === true)).toHaveLength(1);
  await checked(talk);
});
