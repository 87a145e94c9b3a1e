import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Http } from './http.ts';
import { newId, Place } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { Socket } from './socket.ts';
import { type Fields, type Operation, refusal } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

/** Operations whose body is a file, and its type. */
const uploads: { readonly [name: string]: string } = {
  'blobs.put': 'application/octet-stream',
  'sessions.import': 'application/x-ndjson',
};

const make = async (input: Fields) => {
  const made = await place.http.call('tokens.create', { name: newId(), ...input });
  return { ...made, http: new Http(place.daemon.url, made.secret) };
};

describe('tokens.create', () => {
  test('S1: makes a token of these scopes, sessions and time, on both faces', async () => {
    const [one, two] = [await place.session(), await place.session()];
    const viewer = await make({ scopes: ['view'], sessions: [one.id] });
    const { session } = await viewer.http.call('sessions.get', { session: one.id });
    expect(session.id).toBe(one.id);
    const hidden = await refusal(viewer.http.call('sessions.get', { session: two.id }));
    expect(hidden).toMatchObject({ code: 'not_found', field: 'session' });
    const { sessions } = await viewer.http.call('sessions.list');
    expect(sessions.map(({ id }) => id)).toEqual([one.id]);
    const send = viewer.http.call('sessions.send', { session: one.id, content: 'x' });
    expect(await refusal(send)).toMatchObject({ code: 'forbidden', data: { scope: 'drive' } });
    const socket = await Socket.open(place.daemon.url, viewer.secret);
    const abort = await refusal(socket.call('sessions.abort', { session: one.id }));
    expect(abort.code).toBe('forbidden');
    await socket.close();
    const { tokens } = await place.http.call('tokens.list');
    expect(JSON.stringify(tokens)).not.toContain(viewer.secret);
    viewer.http.close();
  });

  test('S1 S7: who did what stands in the entry: token, user and client', async () => {
    const { id: session } = await place.session();
    const { id, secret } = await make({ scopes: ['drive'], user: 'ada' });
    const http = new Http(place.daemon.url, secret, 'phone');
    const sent = await http.call('sessions.send', { session, content: 'x' });
    const log = await place.log(session);
    expect(log[sent.entry.seq - 1]?.by).toEqual({
      type: 'client',
      token: id,
      user: 'ada',
      client: 'phone',
    });
    http.close();
  });

  test('S1: an expired token is refused, and its open socket is closed', async () => {
    const { http, secret } = await make({ scopes: ['view'], ttlMs: 1000 });
    const socket = await Socket.open(place.daemon.url, secret);
    expect(await http.call('server.info')).toMatchObject({ pid: place.daemon.pid });
    await expect
      .poll(() => http.call('server.info').catch(({ code }) => code as string), {
        timeout: 10_000,
        interval: 200,
      })
      .toBe('unauthenticated');
    await socket.call('server.info').catch(() => undefined);
    expect(await socket.closed).toBe(4401);
    http.close();
  });

  test('S1: many at once are different tokens, which all work', async () => {
    const inputs = Array.from({ length: 9 }, () => ({ name: 'same', scopes: ['view'] }));
    const { answers } = sorted(await race(place, 'tokens.create', inputs));
    expect(new Set(answers.map(({ secret }) => secret)).size).toBe(9);
    for (const { secret } of answers) {
      const http = new Http(place.daemon.url, secret);
      expect(await http.call('server.health')).toEqual({ ok: true });
      await http.call('server.info');
      http.close();
    }
  });

  testRefusals(() => place, 'tokens.create', [
    ['the name of the own token', { name: 'own', scopes: ['view'] }, 'invalid', 'name'],
    ['no scope', { name: 'a', scopes: [] }, 'invalid', 'scopes'],
    ['a scope that is none', { name: 'a', scopes: ['all'] }, 'invalid', 'scopes.0'],
    ['hardly any time', { name: 'a', scopes: ['view'], ttlMs: 1 }, 'invalid', 'ttlMs'],
  ]);
});

describe('tokens.list', () => {
  test('S1: names all tokens and no secret', async () => {
    const { id } = await make({ scopes: ['view'] });
    const { tokens } = await place.http.call('tokens.list');
    expect(tokens.find((token) => token.id === id)).toMatchObject({ revokedAt: null });
    expect(tokens.some(({ name }) => name === 'own')).toBe(true);
    expect(JSON.stringify(tokens)).not.toContain('tk_');
  });

  testRefusals(() => place, 'tokens.list', [['an input', { all: true }, 'invalid', 'all']]);
});

describe('tokens.revoke', () => {
  test('S1: ends a token at once, with its sockets, also where many do', async () => {
    const { id, http, secret } = await make({ scopes: ['view'] });
    const socket = await Socket.open(place.daemon.url, secret);
    const inputs = Array.from({ length: 6 }, () => ({ id }));
    const { answers, codes } = sorted(await race(place, 'tokens.revoke', inputs));
    expect(codes).toEqual([]);
    expect(answers.some(({ revoked }) => revoked)).toBe(true);
    expect(await socket.closed).toBe(4401);
    expect(await refusal(http.call('server.info'))).toMatchObject({ code: 'unauthenticated' });
    expect(await place.http.call('tokens.revoke', { id: 'nobody' })).toEqual({ revoked: false });
    http.close();
  });

  testRefusals(() => place, 'tokens.revoke', [
    ['an id that is none', { id: '../x' }, 'invalid', 'id'],
  ]);
});

/** What a browser is answered to the code of a link. */
const logIn = (code: string) =>
  fetch(`${place.daemon.url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: place.daemon.url },
    body: JSON.stringify({ code }),
  });

describe('logins.create', () => {
  test('S1: makes a code that lets one browser in, once; at once many', async () => {
    const inputs = Array.from({ length: 6 }, () => ({}));
    const { answers } = sorted(await race(place, 'logins.create', inputs));
    const codes = answers.map(({ code }) => code);
    expect(new Set(codes).size).toBe(6);
    for (const code of codes) {
      const all = await Promise.all([logIn(code), logIn(code)]);
      expect(all.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
    }
    const { tokens } = await place.http.call('tokens.list');
    expect(tokens.filter(({ usedAt }) => usedAt !== undefined)).toHaveLength(6);
  });

  test('S1: makes one that may administer only where that was asked for', async () => {
    const { code } = await place.http.call('logins.create', { admin: true });
    await (await logIn(code)).text();
    const { tokens } = await place.http.call('tokens.list');
    const logins = tokens.filter(({ usedAt }) => usedAt !== undefined);
    expect(logins.filter(({ scopes }) => scopes.includes('admin'))).toHaveLength(1);
  });

  testRefusals(() => place, 'logins.create', [
    ['an input', { all: true }, 'invalid', 'all'],
    ['no yes or no', { admin: 'yes' }, 'invalid', 'admin'],
  ]);
});

describe('logins.list', () => {
  test('S1: names browsers that are logged in, to who administers; at once to many', async () => {
    const { code } = await place.http.call('logins.create');
    await (await logIn(code)).text();
    const inputs = Array.from({ length: 6 }, () => ({}));
    const { answers } = sorted(await race(place, 'logins.list', inputs));
    for (const { logins } of answers) {
      expect(logins.at(-1)).toMatchObject({ name: 'A browser', own: false });
    }
    const viewer = await make({ scopes: ['view', 'drive', 'approve', 'manage'] });
    expect(await viewer.http.call('logins.list')).toEqual({ logins: [] });
    viewer.http.close();
  });

  testRefusals(() => place, 'logins.list', [['an input', { all: true }, 'invalid', 'all']]);
});

describe('agents.list', () => {
  test('S5: names the agents, what they can do, and the default', async () => {
    const { agents, default: usual } = await place.http.call('agents.list');
    expect(usual).toBe('scripted');
    const scripted = agents.find(({ name }) => name === 'scripted');
    expect(scripted).toMatchObject({ steer: false, resume: true });
  });

  testRefusals(() => place, 'agents.list', [['an input', { all: true }, 'invalid', 'all']]);
});

describe('agents.probe', () => {
  test('S5: finds out models and modes, for many at once, then an unknown model is refused with those there are', async () => {
    const inputs = Array.from({ length: 5 }, () => ({ agent: 'scripted' }));
    const { answers, codes } = sorted(await race(place, 'agents.probe', inputs));
    expect(codes).toEqual([]);
    for (const { agents } of answers) {
      expect(agents).toMatchObject([{ name: 'scripted', found: { state: 'ready' } }]);
    }
    const made = place.http.call('sessions.create', { cwd: place.cwd, model: 'grand' });
    const refused = await refusal(made);
    expect(refused).toMatchObject({ code: 'invalid', field: 'model' });
    expect(refused.data?.['models']).toEqual(['steady', 'brisk']);
  });

  testRefusals(() => place, 'agents.probe', [
    ['an unknown agent', { agent: 'nobody' }, 'invalid', 'agent'],
  ]);
});

describe('every operation', () => {
  /** Fields without which an operation would be refused for another reason. */
  const operations = async (): Promise<Operation[]> => {
    const { operations: names } = await place.http.call('server.info');
    return names.filter((name) => name !== 'server.health') as Operation[];
  };

  test('S1: asks for a token, a right one, and says nothing else without', async () => {
    const strangers = [
      new Http(place.daemon.url, null),
      new Http(place.daemon.url, `tk_${'a'.repeat(43)}`),
    ];
    for (const name of [...(await operations()), 'sessions.nothing' as Operation]) {
      for (const stranger of strangers.slice(0, name === 'sessions.get' ? 2 : 1)) {
        const { status, text, headers } = await stranger.post(`/v1/${name}`, '{}');
        expect(status).toBe(401);
        expect(headers['www-authenticate']).toBe('Bearer');
        expect(JSON.parse(text)).toMatchObject({ error: { code: 'unauthenticated' } });
      }
    }
    for (const stranger of strangers) stranger.close();
  });

  test('S1: that changes anything is refused to who may only look, and nothing is changed', async () => {
    const { id: session } = await place.session();
    const viewer = await make({ scopes: ['view'] });
    const before = await place.log(session);
    const allowed: string[] = [];
    for (const name of await operations()) {
      const type = uploads[name];
      const body = JSON.stringify({ session });
      const { status, text } = await viewer.http.post(`/v1/${name}`, body, type);
      const { error } = JSON.parse(text.split('\n')[0]!) as { error?: { code: string } };
      if (status === 403) expect(error?.code).toBe('forbidden');
      else allowed.push(name);
    }
    expect(allowed.filter((name) => !name.startsWith('feeds.')).toSorted()).toEqual([
      'agents.list',
      'approvals.list',
      'blobs.get',
      'budgets.get',
      'logins.list',
      'moves.list',
      'policy.get',
      'policy.test',
      'prices.get',
      'queue.list',
      'runs.get',
      'runs.list',
      'server.info',
      'sessions.export',
      'sessions.get',
      'sessions.history',
      'sessions.list',
      'sessions.preview',
      'sessions.resolve',
      'snapshots.diff',
      'snapshots.get',
      'snapshots.list',
      'usage.summary',
    ]);
    expect(await place.log(session)).toEqual(before);
    viewer.http.close();
  });

  test('S5: refuses a field that it has not and a body that is none, on both faces', async () => {
    for (const name of await operations()) {
      if (name in uploads) continue;
      const refused = await refusal(place.socket.call(name, { colour: 'red' }));
      const streams = refused.code === 'unsupported';
      if (!streams) expect(refused.code).toBe('invalid');
      for (const body of ['', '[]', 'null', '{', '"x"']) {
        const { status, text } = await place.http.post(`/v1/${name}`, body);
        expect([400, 422]).toContain(status);
        const { error } = JSON.parse(text) as { error: { code: string } };
        expect(['invalid', 'unsupported']).toContain(error.code);
      }
    }
    const unknown = await refusal(place.http.call('sessions.sendd' as Operation));
    expect(unknown).toMatchObject({ code: 'not_found', field: 'operation' });
    expect(unknown.message).toContain('sessions.send');
  });
});
