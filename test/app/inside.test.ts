import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionRow } from '../../src/client/index.ts';
import { exitCode } from '../../src/protocol/error.ts';
import { nodeClient, nodeSocket } from '../../src/client/node/index.ts';
import { lines, runInside, type Said, saidBy, shell, turnkeep } from './insider.ts';
import { Place } from './place.ts';
import { until } from './processes.ts';
import { Talk } from './talk.ts';

let place: Place;
let foreign: Talk;
beforeAll(async () => {
  place = await Place.open();
  foreign = await place.session();
});
afterAll(() => place.close());

const socket = () => join(place.state, 'turnkeep.sock');

/** The session that a command printed, as a talk of its own. */
async function talkOf(session: string): Promise<Talk> {
  const row: SessionRow = (await place.client.sessions.get({ session })).session;
  const talk = new Talk({ client: place.client, state: place.state, session, cwd: row.cwd });
  place.talks.push(talk);
  return talk;
}

async function hostOf(talk: Talk): Promise<string> {
  const { data } = await talk.next('host', (entry) => entry.data.state === 'opened');
  return data.host;
}

const parentsIn = (said: Said) =>
  Object.fromEntries(lines(said).map(({ id, parent }) => [id, parent]));
const tokenFileOf = (host: string) => join(place.state, 'hosts', host, 'token');

describe('inside a session', { timeout: 120_000 }, () => {
  test('S1 S4: a host is told where the daemon listens, who it is, and where its token lies', async () => {
    const talk = await place.session();
    const [env] = await runInside(
      talk,
      'env | grep ^TURNKEEP_ | sort; tr "\\0" "\\n" </proc/$PPID/cmdline',
    );
    const host = await hostOf(talk);
    expect(env!.out.split('\n').slice(0, 4)).toEqual([
      `TURNKEEP_HOST=${host}`,
      `TURNKEEP_SESSION=${talk.session}`,
      `TURNKEEP_SOCKET=${socket()}`,
      `TURNKEEP_TOKEN_FILE=${tokenFileOf(host)}`,
    ]);
    expect((await stat(socket())).mode & 0o777).toBe(0o600);
    expect((await stat(tokenFileOf(host))).mode & 0o777).toBe(0o600);
    const secret = (await readFile(tokenFileOf(host), 'utf8')).trim();
    expect(secret).toMatch(/^tk_[A-Za-z0-9_-]{43}$/);
    const { tokens } = await place.client.tokens.list();
    expect(tokens.find(({ id }) => id === host)).toMatchObject({
      scopes: ['inside'],
      sessions: [talk.session],
      host,
    });
    // The secret is in that file and nowhere else.
    const holders: string[] = [];
    for (const entry of await readdir(place.state, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && (await readFile(path)).includes(secret)) holders.push(path);
    }
    expect(holders).toEqual([tokenFileOf(host)]);
    const digest = createHash('sha256').update(secret).digest('hex');
    for (const shown of [env!.out, JSON.stringify(tokens), JSON.stringify(place.said)]) {
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(digest);
    }
  });

  test('S1: the command line inside a session acts as that session', async () => {
    const talk = await place.session();
    const [first, made, list, foreigner, sent] = await runInside(
      talk,
      `${turnkeep} ls --json`,
      `${turnkeep} run --detach-after '[[say I am a child]]'`,
      `${turnkeep} ls --json`,
      `${turnkeep} show ${foreign.session}`,
      `${turnkeep} send ${foreign.session} hello`,
    );
    expect(lines(first!)).toMatchObject([{ id: talk.session, parent: null }]);
    expect(made!.code).toBe(0);
    const child = made!.out.trim();
    expect(parentsIn(list!)).toEqual({ [child]: talk.session, [talk.session]: null });
    expect(new Set(lines(list!).map(({ cwd }) => cwd))).toEqual(new Set([talk.cwd]));
    for (const said of [foreigner!, sent!]) {
      expect(said.code).not.toBe(0);
      expect(said.err).toContain(`There is no session with the id or key "${foreign.session}"`);
      expect(said.out).toBe('');
    }
    const again = await runInside(
      talk,
      `${turnkeep} send ${child} '[[say Again]]' --wait`,
      `${turnkeep} show ${child}`,
    );
    expect(again.map(({ code }) => code)).toEqual([0, 0]);
    expect(again[0]!.out).toContain('Again');
    expect(again[1]!.out).toContain('I am a child');
    const whole = await (await talkOf(child)).whole();
    const host = await hostOf(talk);
    const prompts = whole.entries.filter(({ kind }) => kind === 'prompt');
    expect(prompts.map(({ by }) => by)).toMatchObject([
      { type: 'client', token: host, client: 'turnkeep' },
      { type: 'client', token: host, client: 'turnkeep' },
    ]);
    expect(foreign.of('prompt')).toEqual([]);
  });

  test('S1 A1: nothing inside a session decides its questions, nor those of its children, nor administers', async () => {
    const talk = await place.session();
    const [made] = await runInside(talk, `${turnkeep} run --detach-after '[[ask write a.txt|Hi]]'`);
    const child = await talkOf(made!.out.trim());
    const { id } = await child.next('approval');
    const [listed, approved, denied, token, stop] = await runInside(
      talk,
      `${turnkeep} ls --json`,
      `${turnkeep} approve ${child.session}`,
      `${turnkeep} deny ${child.session} ${id}`,
      `${turnkeep} token create more --scope admin`,
      `${turnkeep} stop`,
    );
    expect(lines<SessionRow>(listed!).find((row) => row.id === child.session)).toMatchObject({
      status: 'waiting',
      openApprovals: 1,
    });
    for (const said of [approved!, denied!, token!, stop!]) {
      expect(said.err).toContain('a person does');
      expect([said.code, said.out]).toEqual([exitCode.forbidden, '']);
    }
    expect(child.of('decision')).toEqual([]);
    await child.decide(id, 'allow');
    expect((await child.end()).data.outcome).toBe('completed');
  });

  test('S1: a child has a token of its own, reaches its own children, and nothing above it', async () => {
    const top = await place.session();
    const inner = shell(
      `${turnkeep} ls --json`,
      `${turnkeep} run --detach-after '[[say grandchild]]'`,
      `${turnkeep} show ${top.session}`,
      'echo $TURNKEEP_TOKEN_FILE',
    );
    const [made] = await runInside(
      top,
      `${turnkeep} run --detach-after '${inner.prompt.replaceAll("'", String.raw`'\''`)}'`,
    );
    const child = await talkOf(made!.out.trim());
    expect((await child.end(1, 30_000)).data.outcome).toBe('completed');
    const said = await Promise.all(inner.names.map((name) => saidBy(child.cwd, name)));
    expect(lines(said[0]!).map(({ id }) => id)).toEqual([child.session]);
    expect(said[2]!.err).toContain('There is no session');
    expect(said[3]!.out.trim()).toBe(tokenFileOf(await hostOf(child)));
    expect(await hostOf(child)).not.toBe(await hostOf(top));
    const grandchild = said[1]!.out.trim();
    const [listed] = await runInside(top, `${turnkeep} ls --json`);
    expect(parentsIn(listed!)).toEqual({
      [grandchild]: child.session,
      [child.session]: top.session,
      [top.session]: null,
    });
  });

  test('S1: with its host a token ends, and what it has open is closed', async () => {
    const talk = await place.session();
    await runInside(talk, 'true');
    const host = await hostOf(talk);
    const secret = (await readFile(tokenFileOf(host), 'utf8')).trim();
    const env = { TURNKEEP_SOCKET: socket(), TURNKEEP_TOKEN_FILE: tokenFileOf(host) };
    const client = await nodeClient({ env });
    expect((await client.sessions.list()).sessions.map(({ id }) => id)).toEqual([talk.session]);
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<number>();
    const open = nodeSocket(socket())('ws://localhost/rpc', { token: secret, name: undefined });
    open.onopen = () => opened.resolve();
    open.onclose = ({ code }) => closed.resolve(code);
    await opened.promise;
    await talk.send('[[exit 3]]');
    await talk.hostEnd();
    expect(await closed.promise).toBe(4401);
    const gone = () =>
      stat(tokenFileOf(host)).then(
        () => false,
        () => true,
      );
    await until('the token file is gone', gone, 30_000);
    const late = await fetch(`${place.served.url}/v1/sessions.list`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(late.status).toBe(401);
    const { tokens } = await place.client.tokens.list();
    expect(tokens.filter((token) => token.host === host)).toEqual([]);
    client.close();
    // The next host has another one.
    const [listed] = await runInside(talk, `${turnkeep} ls --json`);
    expect(lines(listed!).map(({ id }) => id)).toEqual([talk.session]);
  });

  test('S1: what names another daemon on the command line wins, and does not act as the session', async () => {
    const talk = await place.session();
    const [own, other, wrong] = await runInside(
      talk,
      `TURNKEEP_STATE=/nowhere TURNKEEP_URL=http://127.0.0.1:1 ${turnkeep} ls --json`,
      `${turnkeep} --state '${place.state}' ls --json`,
      `${turnkeep} --state /nowhere ls`,
    );
    expect(lines(own!).map(({ id }) => id)).toEqual([talk.session]);
    expect(lines(other!).map(({ id }) => id)).toContain(foreign.session);
    expect(wrong!.err).toContain('No daemon serves /nowhere');
  });
});
