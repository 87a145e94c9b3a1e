// Who may import whom: the table, and the walk that holds src/ to it.
// test/layers.test.ts shows that each kind of breach is seen.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import type { Expression, StringLiteral, TemplateLiteral } from 'oxc-parser';

interface Room {
  /** Rooms whose files this one's may import, beside its own. */
  readonly rooms: readonly string[];
  /** Whether `node:` modules may be imported. */
  readonly node: boolean;
  /** Packages that may be imported, by any of their paths. */
  readonly packages: readonly string[];
}

export type Layers = Readonly<Record<string, Room>>;

/** Keys are folders under src/; a file belongs to the longest one that holds it. */
export const layers: Layers = {
  domain: { rooms: [], node: false, packages: [] },
  ports: { rooms: ['domain'], node: false, packages: [] },
  protocol: { rooms: ['domain'], node: false, packages: ['zod'] },
  client: { rooms: ['protocol', 'domain'], node: false, packages: ['@noble/hashes'] },
  'client/node': { rooms: ['client', 'protocol', 'domain'], node: true, packages: ['ws'] },
  engine: { rooms: ['domain', 'ports'], node: false, packages: [] },
  agents: {
    rooms: ['domain', 'ports'],
    node: false,
    packages: ['@agentclientprotocol/sdk', '@noble/hashes', 'zod'],
  },
  // A program of its own: it shares nothing with the product, as no agent does.
  'agents/scripted/program': { rooms: [], node: true, packages: [] },
  store: { rooms: ['domain', 'ports'], node: true, packages: [] },
  formats: { rooms: ['domain', 'ports'], node: false, packages: ['zod'] },
  hooks: { rooms: ['domain', 'ports'], node: true, packages: ['zod'] },
  moves: {
    rooms: ['engine', 'formats', 'client', 'protocol', 'domain', 'ports'],
    node: true,
    packages: [],
  },
  console: { rooms: ['domain', 'ports'], node: true, packages: [] },
  hosts: { rooms: ['domain', 'ports'], node: true, packages: [] },
  files: { rooms: ['domain', 'ports'], node: true, packages: [] },
  memory: { rooms: ['domain', 'ports'], node: true, packages: [] },
  policy: { rooms: ['domain'], node: false, packages: ['unbash'] },
  api: {
    rooms: ['protocol', 'engine', 'formats', 'domain', 'ports'],
    node: true,
    packages: ['@agentclientprotocol/sdk', '@hono/node-server', 'diff', 'hono', 'ws', 'zod'],
  },
  app: {
    rooms: [
      'domain',
      'ports',
      'protocol',
      'client',
      'client/node',
      'engine',
      'agents',
      'agents/scripted/program',
      'store',
      'hooks',
      'moves',
      'hosts',
      'files',
      'memory',
      'policy',
      'api',
      'acp-face',
      'console',
    ],
    node: true,
    packages: ['@agentclientprotocol/sdk', '@hono/node-server', 'hono', 'picocolors', 'ws', 'zod'],
  },
  mcp: {
    rooms: ['agents', 'client', 'protocol', 'domain'],
    node: true,
    packages: ['zod'],
  },
  'acp-face': {
    rooms: ['client', 'protocol', 'domain'],
    node: false,
    packages: ['@agentclientprotocol/sdk'],
  },
  cli: {
    rooms: ['client', 'client/node', 'protocol', 'domain', 'app', 'mcp', 'acp-face'],
    node: true,
    packages: ['@agentclientprotocol/sdk', 'commander', 'diff', 'marked', 'picocolors', 'uqr'],
  },
  testing: {
    rooms: ['domain', 'ports', 'protocol', 'client', 'client/node', 'engine', 'app'],
    node: true,
    packages: [],
  },
};

/** Rooms that a browser loads, and the packages they may bring along. */
export const browserRooms: readonly string[] = ['protocol', 'client'];
export const browserPackages: readonly string[] = ['zod', '@noble/hashes'];

export interface Breach {
  /** Path of the file under the source folder. */
  readonly file: string;
  readonly problem: string;
}

type Import =
  | { readonly kind: 'file'; readonly target: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'lost'; readonly problem: string };

type Graph = ReadonlyMap<string, readonly Import[]>;

/** Every breach of the table under `source`, with every import cycle between its files. */
export function findBreaches(source: string, table: Layers = layers): Breach[] {
  const graph = readGraph(source);
  const breaches: Breach[] = [];
  for (const [file, imports] of graph) {
    const room = roomOf(file, table);
    if (room === undefined) {
      breaches.push({ file, problem: 'is in no room of the table' });
      continue;
    }
    for (const each of imports) {
      const problem = judge(each, room, table);
      if (problem !== undefined) breaches.push({ file, problem });
    }
  }
  return [...breaches, ...findCycles(graph)];
}

/** Everything a browser could not load that is reached from the rooms it loads. */
export function findBrowserBreaches(source: string, table: Layers = layers): Breach[] {
  const graph = readGraph(source);
  const waiting = [...graph.keys()].filter((file) =>
    browserRooms.includes(roomOf(file, table) ?? ''),
  );
  const reached = new Set(waiting);
  const breaches: Breach[] = [];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const each of graph.get(file) ?? []) {
      switch (each.kind) {
        case 'file':
          if (!reached.has(each.target)) waiting.push(each.target);
          reached.add(each.target);
          break;
        case 'node':
          breaches.push({ file, problem: `brings ${each.name} into the browser` });
          break;
        case 'package':
          if (!browserPackages.includes(each.name)) {
            breaches.push({ file, problem: `brings ${each.name} into the browser` });
          }
          break;
        case 'lost':
          breaches.push({ file, problem: each.problem });
          break;
      }
    }
  }
  return breaches;
}

function judge(each: Import, room: string, table: Layers): string | undefined {
  const rule = table[room]!;
  switch (each.kind) {
    case 'file': {
      const other = roomOf(each.target, table);
      // A file in no room is reported once, by itself.
      if (other === undefined || other === room || rule.rooms.includes(other)) return undefined;
      return `${room} may not import ${other} (${each.target})`;
    }
    case 'node':
      return rule.node ? undefined : `${room} may not import ${each.name}`;
    case 'package':
      return rule.packages.includes(each.name)
        ? undefined
        : `${room} may not import the package ${each.name}`;
    case 'lost':
      return each.problem;
  }
}

function roomOf(file: string, table: Layers): string | undefined {
  return Object.keys(table)
    .filter((room) => file.startsWith(room + '/'))
    .toSorted((a, b) => b.length - a.length)[0];
}

function readGraph(source: string): Graph {
  const files = globSync('**/*.{ts,tsx,mts,cts,js,mjs,cjs}', { cwd: source });
  return new Map(
    files
      .map((file) => file.replaceAll(path.sep, '/'))
      .toSorted()
      .map((file) => [file, readImports(source, file)]),
  );
}

function readImports(source: string, file: string): Import[] {
  const { program, errors } = parseSync(file, readFileSync(path.join(source, file), 'utf8'));
  const found: Import[] = errors.map((error) => ({
    kind: 'lost',
    problem: `does not parse: ${error.message}`,
  }));
  const add = (specifier: string | undefined) => {
    found.push(
      specifier === undefined
        ? { kind: 'lost', problem: 'imports a computed name, which nobody can check' }
        : classify(specifier, source, file),
    );
  };
  const addDeclared = (declaration: { readonly source: StringLiteral | null }) => {
    if (declaration.source !== null) add(declaration.source.value);
  };
  new Visitor({
    ImportDeclaration: addDeclared,
    ExportNamedDeclaration: addDeclared,
    ExportAllDeclaration: addDeclared,
    ImportExpression: (node) => add(fixedText(node.source)),
    TSImportType: (node) => add(node.source.value),
    TSExternalModuleReference: (node) => add(node.expression.value),
    // `new URL('./worker.ts', import.meta.url)` is how a worker's file is named.
    NewExpression: (node) => {
      const [name, base] = node.arguments;
      const isUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL';
      if (!isUrl || base === undefined || !namesThisModule(base)) return;
      const specifier = name?.type === 'SpreadElement' ? undefined : fixedText(name);
      if (specifier === undefined || /\.[cm]?[jt]sx?$/.test(specifier)) add(specifier);
    },
    CallExpression: (node) => {
      const { callee } = node;
      const name =
        callee.type === 'Identifier'
          ? callee.name
          : callee.type === 'MemberExpression' && callee.property.type === 'Identifier'
            ? callee.property.name
            : '';
      if (!['require', 'createRequire', 'getBuiltinModule'].includes(name)) return;
      found.push({ kind: 'lost', problem: `calls ${name} to import behind the table's back` });
    },
  }).visit(program);
  return found;
}

function namesThisModule(node: Expression | { readonly type: 'SpreadElement' }): boolean {
  return node.type === 'MemberExpression' && node.object.type === 'MetaProperty';
}

function fixedText(node: Expression | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TemplateLiteral') return fixedTemplate(node);
  return undefined;
}

function fixedTemplate(node: TemplateLiteral): string | undefined {
  return node.expressions.length === 0 ? (node.quasis[0]?.value.cooked ?? undefined) : undefined;
}

function classify(specifier: string, source: string, file: string): Import {
  if (specifier.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(file), specifier);
    if (target.startsWith('../')) {
      return { kind: 'lost', problem: `imports ${specifier} from outside the source folder` };
    }
    return existsSync(path.join(source, target))
      ? { kind: 'file', target }
      : { kind: 'lost', problem: `imports ${specifier}, which does not exist` };
  }
  if (isBuiltin(specifier)) return { kind: 'node', name: specifier };
  if (/^[/#]|^\w+:/.test(specifier)) {
    return { kind: 'lost', problem: `imports ${specifier}, which is no package` };
  }
  const parts = specifier.split('/', specifier.startsWith('@') ? 2 : 1);
  return { kind: 'package', name: parts.join('/') };
}

/** One breach for each cycle met by a walk in depth: enough to break them one after the other. */
function findCycles(graph: Graph): Breach[] {
  const breaches: Breach[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (file: string) => {
    const at = trail.indexOf(file);
    if (at >= 0) {
      const cycle = [...trail.slice(at), file].join(' → ');
      breaches.push({ file, problem: `is in an import cycle: ${cycle}` });
      return;
    }
    if (done.has(file)) return;
    trail.push(file);
    for (const each of graph.get(file) ?? []) {
      if (each.kind === 'file') visit(each.target);
    }
    trail.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return breaches;
}
