import { afterEach, beforeEach, expect, test } from 'vitest';
import { textOf } from '../../src/domain/content.ts';
import { Daemon } from './daemon.ts';
import { Editor, ways } from './editor.ts';

let daemon: Daemon;
beforeEach(async () => {
  daemon = await Daemon.open();
});
afterEach(() => daemon.close());

const long = '[[pace 10]] [[chunk 20]] [[long 3000|5]] [[say and then]] [[long 500|6]]';

async function saidIn(session: string): Promise<string> {
  const log = await daemon.log(session);
  return log
    .flatMap((entry) => (entry.kind === 'message' ? [textOf(entry.data.content)] : []))
    .join('\n');
}

test.for(ways)(
  'R7 V1 V4: an editor over %s that disconnects in mid-run and loads again gets the whole turn',
  { timeout: 60_000 },
  async (way) => {
    const one = await Editor.open(daemon, way);
    const session = await one.session(daemon.cwd);
    const asked = one.prompt(session, long).catch(() => undefined);
    await one.until('it speaks', () => one.said(session).length > 300);
    await one.close();
    await asked;
    const two = await Editor.open(daemon, way);
    await two.load(session);
    await daemon.entry(session, ({ kind }) => kind === 'run_ended');
    const wanted = await saidIn(session);
    expect(wanted.length).toBeGreaterThan(3500);
    await two.until('all of it', () => two.said(session) === wanted);
    const ended = (await daemon.log(session)).filter(({ kind }) => kind === 'run_ended');
    expect(ended).toMatchObject([{ data: { outcome: 'completed' } }]);
    await two.close();
  },
);

test(
  'R7 V1 P1: over stdio a kill of the daemon loses nothing and doubles nothing',
  { timeout: 90_000 },
  async () => {
    const editor = await Editor.open(daemon, 'stdio');
    const session = await editor.session(daemon.cwd);
    const asked = editor.prompt(session, long);
    const waiting = editor.prompt(session, '[[ask write c.txt|c\\n]] [[say last]]');
    for (const length of [200, 900]) {
      await editor.until('it speaks', () => editor.said(session).length > length);
      await daemon.kill();
      await daemon.start();
    }
    expect((await asked).stopReason).toBe('end_turn');
    // An approval that is asked while the daemon is gone is decided when it is back.
    const permission = await editor.until('it asks', () => editor.permissions[0], 30_000);
    await daemon.kill();
    permission.answer({ outcome: { outcome: 'selected', optionId: 'allow_once' } });
    await daemon.start();
    expect((await waiting).stopReason).toBe('end_turn');
    expect(editor.said(session)).toBe(await saidIn(session));
    expect(editor.shown(session).filter(({ role }) => role === 'user')).toEqual([]);
    const log = await daemon.log(session);
    expect(log.filter(({ kind }) => kind === 'prompt')).toHaveLength(2);
    expect(log.filter(({ kind }) => kind === 'delivery')).toHaveLength(2);
    await editor.close();
  },
);

test(
  'R7 V1: over a WebSocket a kill ends the connection, and a load gives the whole turn',
  { timeout: 60_000 },
  async () => {
    const one = await Editor.open(daemon, 'socket');
    const session = await one.session(daemon.cwd);
    const asked = one.prompt(session, long).catch((error: unknown) => error);
    await one.until('it speaks', () => one.said(session).length > 300);
    await daemon.kill();
    await one.connection.closed;
    expect(await asked).toBeInstanceOf(Error);
    await daemon.start();
    const two = await Editor.open(daemon, 'socket');
    await two.load(session);
    await daemon.entry(session, ({ kind }) => kind === 'run_ended');
    const wanted = await saidIn(session);
    await two.until('all of it', () => two.said(session) === wanted);
    await two.close();
  },
);

test('R7: a daemon that is told to end closes its editors, and those over stdio go on with the next', async () => {
  const [socket, stdio] = [await Editor.open(daemon, 'socket'), await Editor.open(daemon, 'stdio')];
  const session = await stdio.session(daemon.cwd);
  await socket.load(session);
  await daemon.client.server.shutdown({ mode: 'detach' });
  await socket.connection.closed;
  await daemon.start();
  expect(await stdio.prompt(session, '[[pace 0]] [[say on]]')).toMatchObject({
    stopReason: 'end_turn',
  });
  expect(stdio.said(session)).toBe('on');
  await stdio.close();
});
