import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import type { TokenRow } from '../../src/ports/store.ts';
import { Connection } from '../../src/store/connection.ts';
import { migrate, migrations } from '../../src/store/migrations.ts';
import { operations } from '../../src/store/operations.ts';
import { wireBatch } from '../../src/store/wire.ts';
import { batch, columns, first, notice, state, tempDir } from './sample.ts';

let dir: string;
let remove: () => void;
let connection: Connection;
beforeEach(() => {
  ({ dir, remove } = tempDir());
  mkdirSync(join(dir, 'state'));
  connection = Connection.writer(join(dir, 'state', 'turnkeep.db'));
  migrate(connection);
});
afterEach(() => {
  connection.close();
  remove();
});

function tokenOf(host: string | null, id = host ?? 'plain'): TokenRow {
  return {
    id,
    name: 'inside',
    digest: id.padEnd(64, '0'),
    user: null,
    scopes: ['inside'],
    sessions: ['s'],
    ...(host === null ? {} : { host }),
    createdAt: 'now',
    expiresAt: null,
    revokedAt: null,
  };
}

const intended = (host: string) => ({ host, phase: 'intended', spec: '{}' }) as const;
const ended = (host: string) => ({ host, phase: 'ended' }) as const;
const ids = (on = connection) => operations.listTokens(on).map(({ id }) => id);

function append(...given: Parameters<typeof batch>): string {
  const [verdict] = operations.append(connection, [wireBatch(batch(...given))]);
  return verdict?.status === 'refused' ? verdict.refusal.code : (verdict?.status ?? 'none');
}

test('S1: a token of a host is made only while the host has not ended', () => {
  append('s', [], first);
  const create = (host: string): void => operations.createToken(connection, tokenOf(host));
  expect(() => create('h')).toThrow('not open');
  append('s', [], { hosts: [intended('h')] });
  create('h');
  expect(operations.tokenByDigest(connection, tokenOf('h').digest)).toEqual(tokenOf('h'));
  append('s', [], { hosts: [ended('h')] });
  expect(() => create('h')).toThrow('not open');
  // Past the check, as a bug would write.
  const insert = `INSERT INTO tokens (id, name, digest, scopes, host, created_at)
    VALUES ('x', 'x', 'x', '[]', 'h', '')`;
  expect(() => connection.db.exec(insert)).toThrow('not open');
  expect(ids()).toEqual([]);
});

test('S1: the transaction that stores the end of a host removes its token, and no other', () => {
  append('s', [], { ...first, hosts: [intended('h'), intended('i')] });
  for (const host of ['h', 'i', null]) operations.createToken(connection, tokenOf(host));
  const gap = { expect: { seq: 7 }, hosts: [ended('h')] };
  expect(append('s', [notice('n')], gap)).toBe('conflict');
  expect(ids()).toEqual(['h', 'i', 'plain']);
  expect(append('s', [notice('n')], { hosts: [ended('h')] })).toBe('stored');
  expect(ids()).toEqual(['i', 'plain']);
});

/** What a start would find after a crash at this instant. */
function crashed(): { hosts: string[]; tokens: string[] } {
  const image = join(dir, 'image');
  rmSync(image, { recursive: true, force: true });
  cpSync(join(dir, 'state'), image, { recursive: true });
  const found = Connection.writer(join(image, 'turnkeep.db'));
  try {
    return { hosts: operations.openHosts(found).map(({ host }) => host), tokens: ids(found) };
  } finally {
    found.close();
  }
}

test('S1 L9: a crash at any step of the end of a host leaves both the host and its token, or neither', () => {
  const images: { hosts: string[]; tokens: string[] }[] = [];
  const run = connection.run.bind(connection);
  const watched = vi.spyOn(connection, 'run').mockImplementation((...given) => {
    images.push(crashed());
    const changed = run(...given);
    images.push(crashed());
    return changed;
  });
  append('s', [], { ...first, hosts: [intended('h')] });
  operations.createToken(connection, tokenOf('h'));
  images.length = 0;
  append('s', [notice('n')], { hosts: [ended('h')], state: state() });
  images.push(crashed());
  watched.mockRestore();
  expect(images.length).toBeGreaterThan(8);
  expect(images.at(0)).toEqual({ hosts: ['h'], tokens: ['h'] });
  expect(images.at(-1)).toEqual({ hosts: [], tokens: [] });
  for (const { hosts, tokens } of images) expect(tokens).toEqual(hosts);
});

test('L9: a database from before tokens of hosts is brought forward with its tokens', () => {
  const old = Connection.writer(join(dir, 'old.db'));
  migrate(old, migrations.slice(0, 1));
  old.db.exec(`INSERT INTO tokens (id, name, digest, scopes, created_at)
    VALUES ('t', 'laptop', 'd', '["view"]', 'then')`);
  migrate(old);
  expect(operations.listTokens(old)).toMatchObject([{ id: 't', scopes: ['view'] }]);
  expect(operations.listTokens(old)[0]).not.toHaveProperty('host');
  old.close();
});

const child = (parent: string | null, archived = false) => ({
  ...first,
  state: state(columns({ parent, archived })),
});

test('S1: a session is found with those it descends from, and those that descend from it', () => {
  for (const [id, parent] of Object.entries({ a: null, b: 'a', c: 'b', d: 'a', other: null })) {
    expect(append(id, [], child(parent))).toBe('stored');
  }
  expect(operations.lineage(connection, 'c')).toEqual(['c', 'b', 'a']);
  expect(operations.lineage(connection, 'nowhere')).toEqual(['nowhere']);
  expect(operations.family(connection, ['a'])).toEqual(['a', 'b', 'd', 'c']);
  expect(operations.family(connection, ['c'])).toEqual(['c']);
});

test('S5: sessions descend from each other only so far, and have only so many children', () => {
  append('0', [], child(null));
  for (let depth = 1; depth <= limits.sessionDepth; depth++) {
    expect(append(`${depth}`, [], child(`${depth - 1}`))).toBe('stored');
  }
  expect(append('deep', [], child(`${limits.sessionDepth}`))).toBe('limited');
  for (let n = 1; n < limits.sessionChildren; n++) append(`0-${n}`, [], child('0'));
  expect(append('many', [], child('0'))).toBe('limited');
  // What is there already goes on, and an archived child makes room.
  expect(append('1', [notice('n')], { state: state(columns({ parent: '0' })) })).toBe('stored');
  append('1', [], { state: state(columns({ parent: '0', archived: true })) });
  expect(append('many', [], child('0'))).toBe('stored');
});
