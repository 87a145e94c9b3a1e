// The rules of SPEC.md and the tests that cite them.
//
//   a rule      - **L1** What must be true.
//               - **V5** (planned) What will be true.
//   a citation  test('L2 R1: seq goes on in the next run', …)
import { parseSync, Visitor } from 'oxc-parser';
import type { Argument, Expression, Node } from 'oxc-parser';

export interface Rule {
  readonly id: string;
  readonly planned: boolean;
}

export interface Title {
  /** Path of the test file. */
  readonly file: string;
  readonly text: string;
}

const ruleLine = /^- \*\*([A-Z]\d+)\*\* (\(planned\) )?\S/;
const citation = /^([A-Z]\d+(?: [A-Z]\d+)*): \S/;
const likeCitation = /^\[?[A-Z]\d+\b/;

/** The rules in their order. Throws for a bold list item that is no rule and for an id used twice. */
export function readRules(spec: string): Rule[] {
  const rules: Rule[] = [];
  for (const line of spec.split('\n')) {
    if (!/^\s*[-*+] \*\*/.test(line)) continue;
    const [, id, planned] = ruleLine.exec(line) ?? [];
    if (id === undefined) throw new Error(`SPEC.md has a line that is no rule: ${line}`);
    if (rules.some((rule) => rule.id === id)) throw new Error(`SPEC.md has ${id} twice`);
    rules.push({ id, planned: planned !== undefined });
  }
  return rules;
}

/** Titles of the tests that a file declares. A test that is skipped or still to be written has none. */
export function readTitles(file: string, source: string): Title[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]!.message}`);
  const titles: Title[] = [];
  new Visitor({
    CallExpression: (node) => {
      const names = calleeNames(node.callee);
      if (names[0] !== 'test' && names[0] !== 'it') return;
      if (names.includes('skip') || names.includes('todo')) return;
      const text = startOf(node.arguments[0]);
      if (text !== undefined) titles.push({ file, text });
    },
  }).visit(program);
  return titles;
}

/** What keeps rules and tests from agreeing, one sentence each. */
export function findDisagreements(rules: readonly Rule[], titles: readonly Title[]): string[] {
  const known = new Set(rules.map((rule) => rule.id));
  const cited = new Set<string>();
  const problems: string[] = [];
  for (const { file, text } of titles) {
    const ids = citation.exec(text)?.[1]?.split(' ') ?? [];
    if (ids.length === 0 && likeCitation.test(text)) {
      problems.push(`${file}: write "${text}" as "L1 R2: …" or begin it with another word`);
    }
    for (const id of ids) {
      if (!known.has(id)) problems.push(`${file}: "${text}" cites ${id}, which is no rule`);
      cited.add(id);
    }
  }
  for (const { id, planned } of rules) {
    if (!planned && !cited.has(id)) problems.push(`SPEC.md: no test cites ${id}`);
    if (planned && cited.has(id)) problems.push(`SPEC.md: ${id} has tests, so it is not planned`);
  }
  return problems;
}

/** `test.each(rows)` gives test, each. */
function calleeNames(callee: Expression): string[] {
  switch (callee.type) {
    case 'Identifier':
      return [callee.name];
    case 'MemberExpression':
      return callee.property.type === 'Identifier'
        ? [...calleeNames(callee.object), callee.property.name]
        : [];
    case 'CallExpression':
      return calleeNames(callee.callee);
    case 'TaggedTemplateExpression':
      return calleeNames(callee.tag);
    default:
      return [];
  }
}

/** The fixed text that an argument begins with. */
function startOf(argument: Argument | Node | undefined): string | undefined {
  switch (argument?.type) {
    case 'Literal':
      return typeof argument.value === 'string' ? argument.value : undefined;
    case 'TemplateLiteral':
      return argument.quasis[0]?.value.cooked ?? undefined;
    case 'BinaryExpression':
      return startOf(argument.left);
    default:
      return undefined;
  }
}
