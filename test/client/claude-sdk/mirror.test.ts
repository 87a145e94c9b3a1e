import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type FoldSummary,
  type MirrorOptions,
  type MirrorStore,
  type SessionStoreEntry,
  sessionStore,
} from '../../../src/client/claude-sdk/index.ts';
import { IngressWorld } from '../../ingress/world.ts';

async function open(
  more: Partial<MirrorOptions> = {},
): Promise<{ world: IngressWorld; store: MirrorStore }> {
  const world = await IngressWorld.open();
  const store = await sessionStore({
    url: world.url,
    token: world.admin,
    scope: 'project',
    ...more,
  });
  onTestFinished(() => store.close());
  return { world, store };
}

const main = { projectKey: '-home-me', sessionId: '0d6f5a5e-0000-4000-8000-000000000001' };
const sub = { ...main, subpath: 'subagents/agent-1' };

function said(uuid: string, text = uuid): SessionStoreEntry {
  const message = { role: 'user', content: text };
  return { type: 'user', uuid, message, sessionId: main.sessionId, z: [1, { y: null }], a: 1.5 };
}

describe('a session store for the SDK', () => {
  test('L1 L2: what was appended is loaded, deep-equal and in the order of the calls', async () => {
    const { store } = await open();
    const mode = { type: 'mode', mode: 'plan' };
    await store.append(main, [said('a'), mode, said('b')]);
    await Promise.all([
      store.append(main, [said('c')]),
      store.append(main, [said('d'), said('e')]),
    ]);
    const all = [said('a'), mode, said('b'), said('c'), said('d'), said('e')];
    expect(await store.load(main)).toEqual(all);
  });

  test('L3: what is appended again is there once', async () => {
    const { store } = await open();
    await store.append(main, [said('a'), said('b')]);
    await store.append(main, [said('a'), said('b'), said('c')]);
    expect(await store.load(main)).toEqual([said('a'), said('b'), said('c')]);
  });

  test('L6: what was never written is null, also beside what was', async () => {
    const { store } = await open();
    await store.append(main, []);
    expect(await store.load(main)).toBeNull();
    await store.append(main, [said('a')]);
    expect(await store.load(sub)).toBeNull();
    expect(await store.load({ ...main, sessionId: 'other' })).toBeNull();
    expect(await store.listSubkeys({ ...main, sessionId: 'other' })).toEqual([]);
    expect(await store.listSessions('-elsewhere')).toEqual([]);
  });

  test('L3: sub-agents are kept beside the main transcript, in the same session', async () => {
    const { world, store } = await open();
    const about = { type: 'agent_metadata', agentType: 'general-purpose' };
    await store.append(sub, [about, said('s1')]);
    expect(await store.listSessions(main.projectKey)).toEqual([]);
    await store.append(main, [said('a')]);
    await store.append({ ...main, subpath: 'subagents/agent-2' }, [said('s2')]);
    expect(await store.load(sub)).toEqual([about, said('s1')]);
    expect(await store.load(main)).toEqual([said('a')]);
    expect(
      (await store.listSubkeys(main)).toSorted((one, other) => (one < other ? -1 : 1)),
    ).toEqual(['subagents/agent-1', 'subagents/agent-2']);
    expect((await world.client.sessions.list({})).sessions).toHaveLength(1);
  });

  test('S3: the name of a sub-agent leads nowhere else', async () => {
    const { store } = await open({ deadlineMs: 2000 });
    for (const subpath of ['../../etc/passwd', '/etc', 'a//b', '.', 'a/../b', 'a\\b']) {
      await expect(store.append({ ...main, subpath }, [said('x')])).rejects.toMatchObject({
        refusal: { code: 'unavailable' },
      });
    }
    expect(await store.load(main)).toBeNull();
  });

  test('S3: projects are apart; listed are ids with the time of the last entry', async () => {
    const { store } = await open();
    const other = { ...main, projectKey: '-other' };
    await store.append(main, [said('a')]);
    await store.append(other, [said('b')]);
    expect(await store.load(main)).toEqual([said('a')]);
    expect(await store.load(other)).toEqual([said('b')]);
    const [listed, ...rest] = await store.listSessions(main.projectKey);
    expect(rest).toEqual([]);
    expect(listed?.sessionId).toBe(main.sessionId);
    expect(listed?.mtime).toBeGreaterThan(1e12);
    expect(Number.isInteger(listed?.mtime)).toBe(true);
  });

  test('L2: everywhere: a session goes on in another directory, under the id of the SDK', async () => {
    const { world, store } = await open({ scope: 'everywhere' });
    await store.append(main, [said('a', 'hello there')]);
    await store.append({ ...main, projectKey: '-other' }, [said('b')]);
    expect(await store.load({ ...main, projectKey: '-third' })).toEqual([
      said('a', 'hello there'),
      said('b'),
    ]);
    const { session } = await world.client.sessions.get({ session: main.sessionId });
    expect(session).toMatchObject({ title: 'hello there', writer: { state: 'external' } });
  });

  test('L7: deleted is deleted with its sub-agents, and only that', async () => {
    const { store } = await open();
    const other = { ...main, sessionId: 'other' };
    await store.append(main, [said('a')]);
    await store.append(sub, [said('s')]);
    await store.append(other, [said('b')]);
    await store.delete(main);
    expect(await store.load(main)).toBeNull();
    expect(await store.load(sub)).toBeNull();
    expect(await store.listSubkeys(main)).toEqual([]);
    expect(await store.load(other)).toEqual([said('b')]);
    expect((await store.listSessions(main.projectKey)).map(({ sessionId }) => sessionId)).toEqual([
      'other',
    ]);
    await store.delete({ ...main, sessionId: 'never' });
  });

  test('L7: one sub-agent is deleted without the others, and may be written anew', async () => {
    const { store } = await open();
    const second = { ...main, subpath: 'subagents/agent-2' };
    await store.append(main, [said('a')]);
    await store.append(sub, [said('s1')]);
    await store.append(second, [said('s2')]);
    await store.delete(sub);
    expect(await store.load(sub)).toBeNull();
    expect(await store.load(second)).toEqual([said('s2')]);
    expect(await store.load(main)).toEqual([said('a')]);
    expect(await store.listSubkeys(main)).toEqual(['subagents/agent-2']);
    await store.append(sub, [said('s3')]);
    expect(await store.load(sub)).toEqual([said('s3')]);
  });

  test('L8: a line of megabytes comes back as it was', async () => {
    const { store } = await open();
    const large = said('large', 'ä"\\\n'.repeat(150_000));
    await store.append(main, [said('a'), large, said('b')]);
    expect(await store.load(main)).toEqual([said('a'), large, said('b')]);
  });

  test('L6: summaries are folded on from where they were, and are those of all entries', async () => {
    const folded: string[] = [];
    const foldSessionSummary: FoldSummary = (before, { sessionId }, entries, { mtime }) => {
      const uuids = entries.map(({ uuid }) => String(uuid));
      folded.push(...uuids);
      const seen = (before?.data['uuids'] ?? []) as string[];
      return { sessionId, mtime, data: { uuids: [...seen, ...uuids] } };
    };
    const { store } = await open({ foldSessionSummary });
    await store.append(main, [said('a'), said('b')]);
    await store.append(sub, [said('s')]);
    const first = await store.listSessionSummaries!(main.projectKey);
    const [listed] = await store.listSessions(main.projectKey);
    expect(first).toEqual([{ ...listed, data: { uuids: ['a', 'b'] } }]);
    await store.append(main, [said('c')]);
    const [again] = await store.listSessionSummaries!(main.projectKey);
    expect(again?.data).toEqual({ uuids: ['a', 'b', 'c'] });
    expect(folded).toEqual(['a', 'b', 'c']);
  });

  test('S1 L1: what is not stored is not said to be, and is not sent beside the next try', async () => {
    const { world, store } = await open({ token: `tk_${'x'.repeat(43)}` });
    await expect(store.append(main, [said('a')])).rejects.toMatchObject({
      refusal: { code: 'unavailable' },
    });
    expect((await world.client.sessions.list({})).sessions).toEqual([]);
  });
});
