import { describe, expect, test } from 'vitest';
import { textOf } from '../../src/domain/content.ts';
import { limits } from '../../src/domain/limits.ts';
import type { CommitQuestion, CommitVerdict } from '../../src/ports/hooks.ts';
import { rowOf } from '../../src/domain/row.ts';
import type { SessionState } from '../../src/domain/session-state.ts';
import { rebuild } from '../../src/engine/registry.ts';
import type { Turn } from '../../src/testing/index.ts';
import { given, held, kept } from './agents.ts';
import { atEveryStep, cleared, soundLog, survive } from './death.ts';
import { canary, hookOf, redacting, withholding } from './hooks.ts';
import { by, memoryStore, Workbench, words } from './workbench.ts';
import { plainAgent } from '../../src/testing/index.ts';

const large = `${canary} ${'x'.repeat(100_000)} ${canary}`;

interface World {
  bench: Workbench;
  asked: CommitQuestion[];
}

async function world(
  rule: (question: CommitQuestion) => CommitVerdict,
  play: (turn: Turn) => Promise<void> | void = (turn) => turn.say(`heard ${turn.text}`),
): Promise<World> {
  const { hooks, asked } = hookOf(rule);
  const bench = await Workbench.open({ play, commitHooks: hooks });
  return { bench, asked };
}

/** Everything that is stored of a session, or was put as a blob, as text. */
async function stored(bench: Workbench, session: string): Promise<string> {
  const loaded = await bench.store.load(session);
  const log = JSON.stringify(await bench.log(session));
  const digests = [...log.matchAll(/"digest":"([0-9a-f]{64})"/g)].map(([, digest]) => digest!);
  const blobs = await Promise.all(digests.map((digest) => bench.store.getBlob(digest)));
  return [
    log,
    loaded?.state ?? '',
    JSON.stringify(loaded?.hosts ?? []),
    ...blobs.map((bytes) => new TextDecoder().decode(bytes)),
  ].join('\n');
}

/** The stored state is what its log folds to. */
async function folds(bench: Workbench, session: string): Promise<SessionState> {
  const loaded = await bench.store.load(session);
  const state = JSON.parse(loaded!.state) as SessionState;
  expect(await rebuild(session, bench.store)).toEqual(state);
  return state;
}

describe('a before-commit hook', () => {
  test.each([
    ['redacted', redacting],
    ['withheld', withholding],
  ])('H1 H2: lines of the agent’s own memory are %s, small and large ones', async (code, rule) => {
    const line = (text: string): string => JSON.stringify({ uuid: 'u', text });
    const kept = line('nothing to hide');
    // As it stands in JSON it is another text; the hook sees it as it is meant.
    const odd = line(`"${canary}"\n`).replace(canary[0]!, '\\u006b');
    const { bench, asked } = await world(rule, (turn) => {
      const native = { format: 'plain', session: 'native-1', file: '' };
      for (const each of [line(canary), kept, odd, line(large), canary]) {
        turn.print({ type: 'native', line: { ...native, line: each } });
      }
    });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    expect(await stored(bench, session)).not.toContain(canary);
    expect(await stored(bench, session)).not.toContain('\\u006banarien');
    const natives = await bench.of(session, 'native');
    expect(natives).toHaveLength(5);
    expect(natives[1]!.data).toEqual({ ...natives[0]!.data, line: kept });
    const seen = asked.filter(({ kind }) => kind === 'native');
    expect(seen[3]!.data).toMatchObject({ line: { uuid: 'u', text: large } });
    const notices = await bench.of(session, 'notice');
    expect(notices.map(({ about, data }) => [about, data.code])).toEqual(
      [0, 2, 3, 4].map((at) => [natives[at]!.id, code]),
    );
    if (code === 'redacted') {
      expect(natives[0]!.data.line).toBe(line('XXX'));
      expect(natives[3]!.data.blob?.size).toBe(line(large).replaceAll(canary, 'XXX').length);
    } else expect(natives[3]!.data).toMatchObject({ line: '[withheld]' });
    await folds(bench, session);
    await cleared(bench);
  });

  test('H1 H2: what it redacts is neither stored nor shown; the agent gets the prompt as it is stored', async () => {
    const { processes, agent } = kept(plainAgent((turn) => turn.say(`${turn.text} and ${canary}`)));
    const { hooks } = hookOf(redacting);
    const bench = await Workbench.open({ agent, commitHooks: hooks });
    const session = await bench.session(`say ${canary}`);
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    expect(await stored(bench, session)).not.toContain(canary);
    expect(JSON.stringify(watch.frames)).not.toContain(canary);
    const [prompt] = await bench.of(session, 'prompt');
    expect(textOf(prompt!.data.content)).toBe('say XXX');
    const told = given(processes[0]!).find(({ type }) => type === 'prompt');
    expect(told).toMatchObject({ content: words('say XXX') });
    const [delivery] = await bench.of(session, 'delivery');
    expect(textOf(delivery!.data.content)).toBe('say XXX');
    const [ended] = await bench.of(session, 'run_ended');
    expect(ended!.data).toMatchObject({
      outcome: 'completed',
      answer: { text: 'say XXX and XXX' },
    });
    const notices = await bench.of(session, 'notice');
    expect(notices.map(({ about, data }) => [about, data.code])).toContainEqual([
      prompt!.id,
      'redacted',
    ]);
    const state = await folds(bench, session);
    expect(rowOf(state)).toMatchObject({ title: 'say XXX', lastMessage: 'say XXX and XXX' });
    await soundLog(bench, session);
    await cleared(bench);
  });

  test('H1: what it withholds leaves its entry, a notice, and a run that ends as it did', async () => {
    const { bench } = await world(withholding);
    const session = await bench.session('first');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    const { entry } = await bench.send(session, `secret ${canary}`);
    await watch.entry('run_ended', () => true, 2);
    const prompts = await bench.of(session, 'prompt');
    expect(prompts.map(({ data }) => textOf(data.content))).toEqual(['first', '[withheld]']);
    const notice = await watch.entry('notice');
    expect(notice).toMatchObject({
      about: entry.id,
      data: { code: 'withheld', text: 'Before it was stored, this prompt was withheld: a bird.' },
    });
    const runs = await bench.of(session, 'run_ended');
    expect(runs.map(({ data }) => data.outcome)).toEqual(['completed', 'completed']);
    await soundLog(bench, session);
    await folds(bench, session);
    await cleared(bench);
  });

  test('H1: what an entry repeats of others is what is left of those, whatever it says of it', async () => {
    // It knows the words of people and of the agent, and nothing of answers, deliveries or calls.
    const knows = (question: CommitQuestion): CommitVerdict =>
      ['prompt', 'message'].includes(question.kind) ? withholding(question) : { action: 'keep' };
    const { bench } = await world(knows, (turn) => turn.say(canary));
    const session = await bench.session(`say ${canary}`);
    await (await bench.watch(session)).entry('run_ended');
    await bench.send(session, canary);
    await (await bench.watch(session)).entry('run_ended', () => true, 2);
    expect(await stored(bench, session)).not.toContain(canary);
    await folds(bench, session);
    await cleared(bench);
  });

  test('H1: it sees large texts whole, and only what it leaves of them becomes a blob', async () => {
    const { bench, asked } = await world(redacting, (turn) => turn.say(large));
    const put: string[] = [];
    const { store } = bench;
    const putBlob: typeof store.putBlob = (bytes, digest) => {
      put.push(new TextDecoder().decode(bytes));
      return store.putBlob(bytes, digest);
    };
    const watching = new Proxy(store, {
      get: (target, name) => {
        if (name === 'putBlob') return putBlob;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    await bench.boot(undefined, { store: watching });
    const session = await bench.session(large);
    await (await bench.watch(session)).entry('run_ended');
    const texts = asked.map(({ data }) => JSON.stringify(data));
    expect(texts.filter((text) => text.includes(large)).length).toBeGreaterThanOrEqual(2);
    expect(put.length).toBeGreaterThanOrEqual(2);
    expect(put.filter((text) => text.includes(canary))).toEqual([]);
    expect(await stored(bench, session)).not.toContain(canary);
    const { engine } = bench;
    await engine.queue.release(session, by).catch(() => undefined);
    await cleared(bench);
  });

  test('H1: a blob that a client has put is seen where a prompt names it', async () => {
    const { bench, asked } = await world(redacting);
    const ref = await bench.store.putBlob(new TextEncoder().encode(large));
    const session = await bench.session();
    const content = [{ type: 'text' as const, text: '', blob: ref }];
    await bench.send(session, '', { content });
    await (await bench.watch(session)).entry('run_ended');
    const first = asked.find(({ kind }) => kind === 'prompt');
    expect(first!.data).toMatchObject({ content: [{ text: large }] });
    expect(await stored(bench, session)).not.toContain(canary);
    expect(await bench.store.references(session, ref.digest)).toBe(false);
    await cleared(bench);
  });

  test('H1: an answer that changes more than texts withholds the entry', async () => {
    const { bench } = await world(({ kind, data }) =>
      kind === 'run_ended'
        ? { action: 'redact', data: { ...(data as object), outcome: 'failed' } }
        : { action: 'keep' },
    );
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    const ended = await watch.entry('run_ended');
    expect(ended.data).toMatchObject({ outcome: 'completed', answer: { text: '[withheld]' } });
    const notice = await watch.entry('notice');
    expect(notice.data.text).toContain('changed more than it may');
    await cleared(bench);
  });

  test('H2: text in progress reaches nobody, not even those who come when it is there', async () => {
    const turns = held();
    const { bench } = await world(redacting, async (turn) => {
      turn.say(`tell ${canary}`);
      await turns.play(turn);
    });
    const session = await bench.session('go');
    const early = await bench.watch(session);
    await turns.begun;
    await early.entry('delivery');
    // By then what is being said would have been sent.
    bench.clock.advance(limits.partialMs);
    const late = await bench.watch(session);
    turns.end();
    for (const watch of [early, late]) {
      await watch.entry('run_ended');
      expect(watch.frames.filter(({ event }) => event === 'partial')).toEqual([]);
      expect(JSON.stringify(watch.frames)).not.toContain(canary);
      expect(JSON.stringify(watch.frames)).not.toContain('"sealed":true');
    }
    await cleared(bench);
  });

  test('H2 L10: lines between daemon and agent are shown to nobody and not archived', async () => {
    const turns = held();
    const { bench } = await world(redacting, async (turn) => {
      const toolCall = { call: 'c', title: 'look', kind: 'read', status: 'in_progress' };
      turn.print({ type: 'tool_call', toolCall });
      await turns.play(turn);
    });
    const session = await bench.session('go');
    const run = (await bench.of(session, 'run_started'))[0]!.runId!;
    await turns.begun;
    await (await bench.watch(session)).entry('tool_call');
    // Nothing of what its decoder has in mind is stored.
    const row = { withheld: true, snapshot: null, replayFrom: 0 };
    expect(await bench.store.openHosts()).toMatchObject([row]);
    const query = { run, limit: 10, maxBytes: 65_536 };
    expect(await bench.engine.raw(session, query)).toEqual({
      lines: [],
      next: null,
      source: 'withheld',
    });
    turns.end();
    await (await bench.watch(session)).entry('run_ended');
    await bench.engine.shutdown('stop');
    bench.life.kill();
    expect(await bench.hosts.archives()).toEqual([]);
    expect(bench.hosts.processes.size).toBe(0);
    await bench.boot();
    expect((await bench.engine.raw(session, query)).source).toBe('withheld');
    await cleared(bench);
  });

  test('H2 L10: a host that is older than the hook is as closed as one that is not', async () => {
    const turns = held();
    const { hooks } = hookOf(redacting);
    let configured = false;
    const of: typeof hooks.of = async (places) => (configured ? hooks.of(places) : null);
    const bench = await Workbench.open({ play: turns.play, commitHooks: { of } });
    const session = await bench.session('go');
    await turns.begun;
    const run = (await bench.of(session, 'run_started'))[0]!.runId!;
    const query = { run, limit: 10, maxBytes: 65_536 };
    expect((await bench.engine.raw(session, query)).source).toBe('live');
    configured = true;
    await bench.boot();
    const closed = { lines: [], next: null, source: 'withheld' };
    expect(await bench.engine.raw(session, query)).toEqual(closed);
    turns.end();
    await (await bench.watch(session)).entry('run_ended');
    await cleared(bench);
    expect(await bench.hosts.archives()).toEqual([]);
    const [span] = await bench.store.runSpans(session, run);
    expect(span!.files).toBe('withheld');
  });

  test('H1: instructions that it changes are those with which the agent is opened', async () => {
    const { bench } = await world(redacting);
    const changes = { instructions: { append: `hide ${canary}` }, title: `about ${canary}` };
    const { row } = await bench.engine.create({ changes, prompt: { content: words('go') } }, by);
    await (await bench.watch(row.id)).entry('run_ended');
    expect(row.title).toBe('about XXX');
    const view = await bench.engine.get(row.id);
    expect(view.settings.instructions).toEqual({ append: 'hide XXX' });
    expect(await stored(bench, row.id)).not.toContain(canary);
    await cleared(bench);
  });

  test('H1 L3 P1: a prompt and an entry that are sent again are the same, whatever was left of them', async () => {
    const { bench } = await world(redacting);
    const session = await bench.session();
    const id = bench.clock.newId();
    const first = await bench.send(session, canary, { id });
    await (await bench.watch(session)).entry('run_ended');
    expect(await bench.send(session, canary, { id })).toMatchObject({
      duplicate: true,
      entry: first.entry,
    });
    const entries = [{ id: 'mine', raw: { text: canary } }];
    await bench.engine.logs.append(session, { entries }, by);
    const again = await bench.engine.logs.append(session, { entries }, by);
    expect(again.entries).toMatchObject([{ id: 'mine', duplicate: true }]);
    const [external] = await bench.of(session, 'external');
    expect(external!.data.raw).toEqual({ text: 'XXX' });
    await cleared(bench);
  });

  test('H1: edited prompts, summaries and imports pass it, too', async () => {
    const { bench } = await world(redacting, (turn) =>
      turn.text === 'hold' ? new Promise(() => undefined) : turn.say('ok'),
    );
    const session = await bench.session('hold');
    const waiting = await bench.send(session, 'later');
    const edited = await bench.engine.queue.edit(session, waiting.entry.id, words(canary), by);
    expect(edited.content).toEqual(words('XXX'));
    await bench.abort(session, { force: true });
    await (await bench.watch(session)).entry('run_ended');
    await bench.engine.queue.release(session, by);
    await (await bench.watch(session)).entry('run_ended', () => true, 2);
    const summary = `once ${canary} was here`;
    await bench.engine.branches.compact(session, { keep: 1, summary }, by);
    const [compaction] = await bench.of(session, 'compaction');
    expect(compaction!.data.summary).toBe('once XXX was here');
    expect(await stored(bench, session)).not.toContain(canary);
    await cleared(bench);
  });

  test('H1 L7: an import passes it before anything is stored, and is known again', async () => {
    const base = await Workbench.open({ play: (turn) => turn.say(`heard ${turn.text}`) });
    const from = await base.session(`say ${canary}`);
    await (await base.watch(from)).entry('run_ended');
    await base.engine.shutdown('stop');
    const entries = await base.log(from);
    const { bench } = await world(redacting);
    const header = { session: from, agent: 'plain' };
    const come = async (): Promise<{ added: number }> => {
      const sink = await bench.engine.logs.openImport(header, by);
      for (const entry of entries) await sink.add([entry]);
      return sink.end();
    };
    expect(await come()).toMatchObject({ added: entries.length });
    expect(await stored(bench, from)).not.toContain(canary);
    const log = await bench.log(from);
    expect(log.slice(0, entries.length).map(({ id, seq }) => [id, seq])).toEqual(
      entries.map(({ id, seq }) => [id, seq]),
    );
    expect(await bench.of(from, 'notice')).toMatchObject([{ data: { code: 'withheld' } }]);
    expect(await come()).toMatchObject({ added: 0 });
    await soundLog(bench, from);
    await folds(bench, from);
    await cleared(bench);
  });

  test('H1: a session elsewhere is not asked about, and one that moves there before it begins is', async () => {
    const { bench, asked } = await world(redacting);
    const changes = { cwd: '/workshop' };
    const { row } = await bench.engine.create({ changes, prompt: { content: words(canary) } }, by);
    await (await bench.watch(row.id)).entry('run_ended');
    expect(asked).toEqual([]);
    expect(await stored(bench, row.id)).toContain(canary);
    // A draft has not begun: it may move.
    const draft = await bench.engine.create({ changes: { ...changes, draft: true } }, by);
    await bench.engine.patch(draft.row.id, { changes: { cwd: '/work/deep' } }, by);
    await bench.send(draft.row.id, canary);
    await (await bench.watch(draft.row.id)).entry('run_ended');
    expect(await stored(bench, draft.row.id)).not.toContain(canary);
    await cleared(bench);
  });
});

test(
  'H1 H2 R7: with the daemon killed at every step no entry passes unseen and none is doubled',
  { timeout: 300_000 },
  async () => {
    const store = await memoryStore();
    let benches = 0;
    const points = await atEveryStep(async (deaths) => {
      const { hooks } = hookOf(redacting);
      const bench = await Workbench.open({
        store,
        seed: `w${(benches += 1)}-`,
        commitHooks: hooks,
        play: (turn) => turn.say(`${turn.text} ${canary}`),
      });
      const [session, prompt] = [bench.clock.newId(), bench.clock.newId()];
      const died = await survive(
        bench,
        async ({ engine }) => {
          await engine.create({ id: session, changes: {} }, by);
          await bench.send(session, `go ${canary}`, { id: prompt });
          await (await bench.watch(session)).entry('run_ended');
        },
        deaths,
      );
      await soundLog(bench, session);
      expect(await stored(bench, session)).not.toContain(canary);
      expect(await bench.of(session, 'prompt')).toHaveLength(1);
      const said = (await bench.of(session, 'message')).map(({ data }) => textOf(data.content));
      expect(said).toEqual(['go XXX XXX']);
      await folds(bench, session);
      await cleared(bench);
      expect(await bench.hosts.archives()).toEqual([]);
      return died;
    });
    expect(points).toBeGreaterThan(40);
    await store.close();
  },
);
