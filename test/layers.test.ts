import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findBreaches, findBrowserBreaches, layers } from '../scripts/layers.ts';

const source = path.join(import.meta.dirname, '..', 'src');

test('src/ keeps to the table of layers and has no import cycle', () => {
  expect(findBreaches(source)).toEqual([]);
});

test('what a browser loads brings no Node module and no other package along', () => {
  expect(findBrowserBreaches(source)).toEqual([]);
});

test('the table names only rooms that it has, and lets no two rooms import each other', () => {
  for (const [room, rule] of Object.entries(layers)) {
    for (const other of rule.rooms) {
      expect(layers, room).toHaveProperty([other]);
      expect(layers[other]!.rooms, `${other} imports ${room}`).not.toContain(room);
    }
  }
});

/** Lays files into a folder of their own, removed with the test. */
function plant(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnkeep-layers-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  return folder;
}

/** What is planted beside the file under test, for it to import. */
const neighbours = {
  'domain/entry.ts': 'export type Entry = string;',
  'ports/store.ts': "import type { Entry } from '../domain/entry.ts'; export type Store = Entry;",
  'store/sqlite.ts': "import 'node:sqlite'; import '../ports/store.ts'; export const open = 1;",
  'client/node/socket.ts': "import 'ws'; import 'node:net';",
};

test('a planted tree that keeps to the table has no breach', () => {
  expect(findBreaches(plant(neighbours))).toEqual([]);
});

describe('a planted breach is reported:', () => {
  test.each([
    ['a Node module', 'domain/a.ts', "import fs from 'node:fs';", 'may not import node:fs'],
    ['a Node module without its prefix', 'engine/a.ts', "import 'fs/promises';", 'fs/promises'],
    ['another room', 'engine/a.ts', "import '../store/sqlite.ts';", 'may not import store'],
    ['a type', 'domain/a.ts', "import type { Store } from '../ports/store.ts';", 'import ports'],
    ['an inline type', 'domain/a.ts', "type S = import('../ports/store.ts').Store;", 'ports'],
    ['a re-export', 'domain/a.ts', "export { Store } from '../ports/store.ts';", 'import ports'],
    ['a star re-export', 'domain/a.ts', "export * from '../ports/store.ts';", 'import ports'],
    ['a dynamic import', 'engine/a.ts', "await import('../store/sqlite.ts');", 'import store'],
    ['a computed import', 'engine/a.ts', 'await import(`../store/${name}.ts`);', 'computed name'],
    ['a package', 'domain/a.ts', "import { z } from 'zod';", 'may not import the package zod'],
    ['a path of a package', 'api/a.ts', "import '@noble/hashes/sha2.js';", 'package @noble/hashes'],
    ['a worker', 'engine/a.ts', "new URL('../store/sqlite.ts', import.meta.url);", 'import store'],
    ['a require', 'hosts/a.ts', "createRequire(import.meta.url)('x');", 'calls createRequire'],
    ['a way around', 'domain/a.ts', "process.getBuiltinModule('fs');", 'getBuiltinModule'],
    ['the room beneath', 'client/a.ts', "import './node/socket.ts';", 'may not import client/node'],
    ['a file outside any room', 'a.ts', '', 'is in no room'],
    ['a folder that is no room', 'utils/a.ts', '', 'is in no room'],
    ['a file outside the folder', 'hosts/a.ts', "import '../../test/a.ts';", 'from outside'],
    ['a file that does not exist', 'hosts/a.ts', "import './b.ts';", 'does not exist'],
    ['a file that does not parse', 'hosts/a.ts', 'import {', 'does not parse'],
    ['an import of itself', 'hosts/a.ts', "import './a.ts';", 'cycle: hosts/a.ts → hosts/a.ts'],
  ])('%s', (_, file, text, problem) => {
    const breaches = findBreaches(plant({ ...neighbours, [file]: text }));
    expect(breaches).toEqual([{ file, problem: expect.stringContaining(problem) }]);
  });

  test('an import cycle, through a re-export and a type', () => {
    const folder = plant({
      'domain/a.ts': "import './b.ts';",
      'domain/b.ts': "export * from './c.ts';",
      'domain/c.ts': "import type { A } from './a.ts';",
      'domain/d.ts': "import './a.ts';",
    });
    expect(findBreaches(folder)).toEqual([
      {
        file: 'domain/a.ts',
        problem: 'is in an import cycle: domain/a.ts → domain/b.ts → domain/c.ts → domain/a.ts',
      },
    ]);
  });
});

describe('a browser is kept from', () => {
  test('a Node module that is reached through other files', () => {
    const folder = plant({
      ...neighbours,
      'client/a.ts': "import '../store/b.ts';",
      'store/b.ts': "import './sqlite.ts';",
    });
    expect(findBrowserBreaches(folder)).toEqual([
      { file: 'store/sqlite.ts', problem: 'brings node:sqlite into the browser' },
    ]);
  });

  test('a package beside the few that it may load', () => {
    const folder = plant({
      'protocol/a.ts': "import 'zod'; import '@noble/hashes/sha2.js'; import 'hono/client';",
    });
    expect(findBrowserBreaches(folder)).toEqual([
      { file: 'protocol/a.ts', problem: 'brings hono into the browser' },
    ]);
  });
});
