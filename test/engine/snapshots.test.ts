import { appendFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { openFiles } from '../../src/files/files.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Turn } from '../../src/testing/index.ts';
import { Calls, Project, sideText } from './project.ts';
import { by, Workbench } from './workbench.ts';

/** What an agent does before a file is looked at, and what of it has not been decoded when the look is over. */
interface Meanwhile {
  act: () => void;
  say: () => void;
}

async function world(
  play: (turn: Turn, project: Project) => Promise<void> | void,
  maxBytes = 1000,
  meanwhile: Meanwhile = { act: () => undefined, say: () => undefined },
) {
  const project = new Project();
  const files = openFiles({ closed: [] });
  const read: typeof files.read = async (...place) => {
    meanwhile.act();
    const found = await files.read(...place);
    meanwhile.say();
    return found;
  };
  const bench = await Workbench.open({
    play: (turn) => play(turn, project),
    checkDirectory: async () => project.dir,
    files: { files: { ...files, read }, maxBytes },
  });
  const session = await bench.session();
  const run = async () => {
    const { run: id } = await bench.send(session, 'go');
    await (await bench.watch(session)).entry('run_ended', ({ runId }) => runId === id);
    await bench.engine.snapshotsTaken();
    return id!;
  };
  /** The snapshots of a call are there. */
  const looked = async (call: string) => {
    const watch = await bench.watch(session);
    await watch.entry('tool_call', ({ data }) => data.call === call && ended.has(data.status));
    await bench.engine.snapshotsTaken();
  };
  return { project, bench, session, run, looked };
}

const ended = new Set(['completed', 'failed']);

const located = (file: string) => ({ locations: [{ path: file }] });

/** What a session's snapshots say, each in a line. */
async function told(bench: Workbench, session: string, dir: string): Promise<string[]> {
  const entries = await bench.of(session, 'snapshot');
  return Promise.all(
    entries.map(async ({ data }) => {
      const after = data.after === undefined ? '' : ` > ${await plain(bench.store, data.after)}`;
      const before = await plain(bench.store, data.before);
      const name = path.relative(dir, data.path);
      return `${data.change} ${name}: ${before} (${data.beforeFrom})${after}`;
    }),
  );
}

async function plain(store: Store, side: Parameters<typeof sideText>[1]): Promise<string> {
  const text = await sideText(store, side);
  const [state, , content] = text?.split(' ') ?? ['absent'];
  if (state !== 'file') return text ?? 'absent';
  const partial = side.state === 'file' && side.partial === true ? 'part of ' : '';
  return `${partial}${JSON.stringify(Buffer.from(content ?? '', 'base64').toString())}`;
}

test('F1: of a call in several states, with relative paths and several files, each file has one snapshot', async () => {
  const { project, bench, session, run } = await world((turn) => {
    const calls = new Calls(turn);
    calls.print('c', 'edit', 'pending');
    calls.print('c', 'edit', 'in_progress', {
      locations: [{ path: 'a' }, { path: './sub/../a' }, { path: 'sub/b' }],
    });
    project.write('a', 'one');
    project.write('sub/b', 'two');
    calls.print('c', 'edit', 'completed');
    calls.print('x', 'execute', 'completed', located('a'));
    calls.print('s', 'search', 'completed', located('a'));
  });
  const id = await run();
  expect(await told(bench, session, project.dir)).toEqual([
    'unknown a: unread unknown (unknown) > "one"',
    'unknown sub/b: unread unknown (unknown) > "two"',
  ]);
  const [first] = await bench.of(session, 'tool_call');
  for (const { about, by: who, runId, data } of await bench.of(session, 'snapshot')) {
    expect([about, who.type, runId, data.run]).toEqual([first!.id, 'server', undefined, id]);
  }
});

test('F2: the state before is what was asked, told or left by the last call, and says which', async () => {
  const { project, bench, session, run, looked } = await world(async (turn, { dir }) => {
    const calls = new Calls(turn);
    const file = path.join(dir, 'a');
    const diff = (oldText: string | null, newText: string, more: object = {}) => ({
      content: [{ type: 'diff', path: file, oldText, newText, ...more }],
    });
    const edit = async (call: string, newText: string, more: object) => {
      calls.print(call, 'edit', 'in_progress', located(file));
      project.write('a', newText);
      calls.print(call, 'edit', 'completed', more);
      await looked(call);
    };
    // All of the file, as the new text is: told.
    await edit('1', 'one\ntwo\n', diff(null, 'one\ntwo\n'));
    // A part of it, which proves nothing: as it was left.
    await edit('2', 'one\n2\n', diff('two', '2'));
    // A part of it with all of it.
    await edit('3', '1\n2\n', diff('one', '1', { original: 'one\n2\n' }));
    // All of it, with other line ends than the file has: the file's own.
    project.write('a', '1\r\n2\r\n');
    calls.print('4', 'read', 'completed', located(file));
    await looked('4');
    await edit('5', '1\r\n3\r\n', diff('2', '3', { original: '1\n2\n' }));
    // Somebody else has changed it: what the agent tells is newer than what it left.
    await edit('6', 'new', diff('somebody', 'new', { original: 'somebody' }));
    calls.print('7', 'edit', 'failed', located(file));
    await looked('7');
    rmSync(file);
    calls.print('8', 'delete', 'completed', located(file));
  });
  await run();
  expect(await told(bench, session, project.dir)).toEqual([
    'created a: absent (reported) > "one\\ntwo\\n"',
    'edited a: "one\\ntwo\\n" (chained) > "one\\n2\\n"',
    'edited a: "one\\n2\\n" (chained) > "1\\n2\\n"',
    'read a: "1\\r\\n2\\r\\n" (disk)',
    'edited a: "1\\r\\n2\\r\\n" (chained) > "1\\r\\n3\\r\\n"',
    'edited a: "somebody" (reported) > "new"',
    'unchanged a: "new" (chained) > "new"',
    'deleted a: "new" (chained) > absent',
  ]);
});

test('F1 F2: an agent that goes on at once is told apart from what it had written before', async () => {
  const { project, bench, session, run } = await world((turn, { dir }) => {
    const calls = new Calls(turn);
    const file = path.join(dir, 'a');
    let oldText: string | null = null;
    for (let at = 0; at < 20; at += 1) {
      const newText = `version ${at}`;
      project.write('a', newText);
      const content = [{ type: 'diff', path: file, oldText, newText, whole: true }];
      calls.print(`${at}`, 'edit', 'completed', { ...located(file), content });
      oldText = newText;
    }
  });
  await run();
  const lines = await told(bench, session, project.dir);
  expect(lines).toEqual(
    Array.from({ length: 20 }, (_, at) =>
      at === 0
        ? 'created a: absent (reported) > "version 0"'
        : `edited a: "version ${at - 1}" (chained) > "version ${at}"`,
    ),
  );
});

/** An agent that goes on between the end of a call and the look at its file, of which the daemon reads later. */
async function goingOn(first: (calls: Calls, project: Project) => void): Promise<string[]> {
  const meanwhile: Meanwhile = { act: () => undefined, say: () => undefined };
  const play = async (turn: Turn, project: Project): Promise<void> => {
    const calls = new Calls(turn);
    const { promise: said, resolve } = Promise.withResolvers<void>();
    meanwhile.act = () => project.write('a', 'later');
    meanwhile.say = () => {
      meanwhile.say = () => undefined;
      calls.print('later', 'edit', 'in_progress', located('a'));
      calls.print('later', 'edit', 'completed', located('a'));
      resolve();
    };
    first(calls, project);
    await said;
  };
  const { project, bench, session, run } = await world(play, 1000, meanwhile);
  project.write('a', 'before');
  await run();
  return told(bench, session, project.dir);
}

test('F2: what a later call has written is not said to be what was read, or left, by an earlier one', async () => {
  const later = 'unknown a: unread unknown (unknown) > "later"';
  const output = 'before';
  expect(
    await goingOn((calls) => calls.print('1', 'read', 'completed', { ...located('a'), output })),
  ).toEqual(['read a: part of "before" (reported)', later]);
  expect(await goingOn((calls) => calls.print('1', 'read', 'completed', located('a')))).toEqual([
    later,
  ]);
  const diff = { type: 'diff', path: 'a', oldText: 'before', newText: 'between', whole: true };
  const content = [diff];
  expect(
    await goingOn((calls, project) => {
      project.write('a', 'between');
      calls.print('1', 'edit', 'completed', { ...located('a'), content });
    }),
  ).toEqual([
    'edited a: "before" (reported) > "between"',
    'edited a: "between" (chained) > "later"',
  ]);
  // It tells no text of what it has written: what that was nobody knows any more.
  expect(
    await goingOn((calls, project) => {
      project.write('a', 'between');
      calls.print('1', 'edit', 'failed', { ...located('a'), content });
    }),
  ).toEqual(['unknown a: "before" (reported) > unread unknown', later]);
});

test('F1 F2: what an agent asks about is read while it waits; a refused call changes nothing', async () => {
  const { project, bench, session, run } = await world(async (turn, { dir }) => {
    const calls = new Calls(turn);
    for (const verdict of ['allow', 'deny'] as const) {
      const file = path.join(dir, verdict);
      project.write(verdict, 'before');
      calls.ask(verdict, 'edit', located(file));
      const watch = await bench.watch(session);
      const { id } = await watch.entry('approval', ({ data }) => data.title === verdict);
      await bench.engine.snapshotsTaken();
      await bench.engine.approvals.decide(session, { approval: id, choice: { verdict } }, by);
      if (verdict === 'allow') project.write(verdict, 'after');
      calls.print(verdict, 'edit', verdict === 'allow' ? 'completed' : 'failed', located(file));
    }
  });
  await run();
  expect(await told(bench, session, project.dir)).toEqual([
    'edited allow: "before" (asked) > "after"',
    'unchanged deny: "before" (asked) > "before"',
  ]);
});

test('F1: a large file is not kept; of one that was read the part that the agent got is', async () => {
  const { project, bench, session, run } = await world((turn, { dir }) => {
    const calls = new Calls(turn);
    project.write('large', '');
    truncateSync(path.join(dir, 'large'), 10 * 1024 ** 3);
    calls.print('1', 'read', 'completed', { locations: [{ path: 'large' }], output: 'some lines' });
    calls.print('2', 'read', 'completed', { locations: [{ path: 'none' }] });
    calls.print('3', 'read', 'completed', { locations: [{ path: '.' }, { path: '/etc/passwd' }] });
    calls.print('4', 'edit', 'completed', { locations: [{ path: '/etc/passwd' }] });
    calls.print('5', 'read', 'failed', { locations: [{ path: 'large' }] });
  });
  await run();
  expect(await told(bench, session, project.dir)).toEqual([
    'read large: part of "some lines" (reported)',
    'read none: absent (disk)',
    `read ${path.relative(project.dir, '/etc/passwd')}: unread outside (disk)`,
    `unknown ${path.relative(project.dir, '/etc/passwd')}: unread unknown (unknown) > unread outside`,
  ]);
});

test('F1 S5: a flood of calls waits as names only, no more than so many, and tells what it left out', async () => {
  const calls = limits.snapshotCalls + 300;
  const { bench, session, run, project } = await world((turn) => {
    const agent = new Calls(turn);
    for (let at = 0; at < calls; at += 1) agent.print(`${at}`, 'read', 'completed', located('a'));
  });
  project.write('a', 'text');
  await run();
  await bench.engine.snapshotsTaken();
  const entries = await bench.store.snapshots({ session, changes: 'all', limit: 5000 });
  const notices = await bench.of(session, 'notice');
  const left = notices.reduce((sum, { data }) => sum + (data.data as { count: number }).count, 0);
  expect(entries.entries.length + left).toBe(calls);
  const digests = new Set(entries.entries.map(({ data }) => JSON.stringify(data.before)));
  expect(digests.size).toBe(1);
}, 60_000);

test('F2: through a link the file that it leads to is what changes', async () => {
  const { project, bench, session, run, looked } = await world(async (turn, { dir }) => {
    const calls = new Calls(turn);
    calls.print('1', 'read', 'completed', located('link'));
    await looked('1');
    calls.print('2', 'edit', 'in_progress', located('link'));
    appendFileSync(path.join(dir, 'link'), ' more');
    calls.print('2', 'edit', 'completed', located('link'));
    await looked('2');
    rmSync(path.join(dir, 'a'));
    symlinkSync('/etc/passwd', path.join(dir, 'a'));
    calls.print('3', 'edit', 'completed', located('a'));
  });
  project.write('a', 'text');
  project.link('link', 'a');
  await run();
  expect(await told(bench, session, project.dir)).toEqual([
    'read link: link a (disk)',
    'read a: "text" (disk)',
    'unchanged link: link a (chained) > link a',
    'edited a: "text" (chained) > "text more"',
    'edited a: "text more" (chained) > link /etc/passwd',
  ]);
});

test('F1: with a size of 0 nothing is kept', async () => {
  const { bench, session, run, project } = await world((turn) => {
    new Calls(turn).print('1', 'read', 'completed', located('a'));
  }, 0);
  writeFileSync(project.at('a'), 'text');
  await run();
  expect(await bench.of(session, 'snapshot')).toEqual([]);
});

test('F1 L6: the contents of snapshots go with the last session that names them', async () => {
  const { bench, session, run, project } = await world((turn) => {
    new Calls(turn).print('1', 'read', 'completed', located('a'));
  });
  writeFileSync(project.at('a'), 'text');
  await run();
  const [entry] = await bench.of(session, 'snapshot');
  const { before } = entry!.data;
  const digest = before.state === 'file' ? before.blob.digest : '';
  expect(await bench.store.references(session, digest)).toBe(true);
  await bench.engine.life.purge(session, by);
  expect(await bench.store.getBlob(digest)).toBeUndefined();
  expect(await bench.store.snapshots({ session, changes: 'all', limit: 10 })).toMatchObject({
    entries: [],
  });
});
