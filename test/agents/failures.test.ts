import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checked, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

describe('a native session', () => {
  test('R10: that the agent does not find fails the prompt, and stays the one that is stored', async () => {
    const before = await place.session();
    await before.send('!say remember me');
    await before.end();
    const { nativeId } = (await before.whole()).row;
    await place.stop();
    const file = await transcriptFile(nativeId!);
    await rename(file, `${file}.away`);
    await place.start();
    const talk = place.talk(before.session, before.cwd);
    await talk.send('!say into the void');
    const { data } = await talk.end(2);
    expect(data).toMatchObject({ outcome: 'failed', error: { category: 'launch' } });
    expect(data.error?.message).toContain(nativeId);
    expect((await talk.whole()).row.nativeId).toBe(nativeId);
    await rename(`${file}.away`, file);
    // The prompt has not reached the agent, so it still waits.
    await place.client.queue.release({ session: before.session });
    expect((await talk.end(3)).data.outcome).toBe('completed');
    await talk.send('!recall');
    expect((await talk.end(4)).data.outcome).toBe('completed');
    expect(talk.texts('message')).toEqual([
      'remember me',
      'into the void',
      'remembered: !say remember me | !say into the void',
    ]);
    expect((await talk.whole()).row.nativeId).toBe(nativeId);
    await checked(talk);
  });

  /** Where Claude Code keeps the conversation. */
  async function transcriptFile(nativeId: string): Promise<string> {
    const folder = path.join(place.home, '.claude/projects');
    const files = await readdir(folder, { recursive: true });
    return path.join(
      folder,
      files.find((name) => name.endsWith(`${nativeId}.jsonl`))!,
    );
  }
});
