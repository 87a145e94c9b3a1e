import { parse } from 'unbash';
import type { AndOr, Command, CommandNode, CompoundList, ParsedScript, Statement } from 'unbash';
import type { Pipeline, TestExpression, Word as Node } from 'unbash';
import { limits } from '../domain/limits.ts';
import { readAssignment, readExpansions, readRedirection } from './expansion.ts';
import type { Reader } from './expansion.ts';
import type { Part, Word } from './part.ts';
import { openWord, shown } from './part.ts';
import { isOwnVariable } from './variable.ts';
import { readWord } from './word.ts';

/**
 * Everything that a script may do, in pieces that can be decided one by one: each simple command wherever it
 * stands, each file that is redirected to or from, and each thing that nobody can tell from the text.
 * The script is read as bash reads it; what other common shells read otherwise is unclear.
 */
export function readScript(text: string): Part[] {
  const costly = costOf(text);
  if (costly !== null) return [{ type: 'unclear', text: shown(text), why: costly }];
  const parts: Part[] = [];
  readParsed(parse(text), readerOf(text, parts, 0));
  return parts;
}

/** What takes longer to read than a person to look at is not read. */
function costOf(text: string): string | null {
  if (text.length > limits.policyCommandChars) return 'is too long to be judged';
  const openings = text.match(/[`({]|<<|\bif\b|\bcase\b|\[\[/g)?.length ?? 0;
  return openings > limits.policyOpenings ? 'is too involved to be judged' : null;
}

function readerOf(source: string, parts: Part[], depth: number): Reader {
  const add = (part: Part) => {
    if (parts.length < limits.policyParts) parts.push(part);
    else if (parts.length === limits.policyParts) {
      parts.push({ type: 'unclear', text: shown(source), why: 'is too long to be judged' });
    }
  };
  return {
    add,
    unclear: (node, why) => {
      add({ type: 'unclear', text: shown(source.slice(node.pos, node.end)), why });
    },
    isFull: () => parts.length > limits.policyParts,
    script: (node, script) => {
      const inner = readerOf(script?.source ?? source, parts, depth + 1);
      if (script === undefined) inner.unclear(node, 'cannot be parsed');
      else if (depth >= limits.policyDepth) inner.unclear(node, 'is nested too deep');
      else readParsed(script, inner);
    },
    text: (node) => shown(source.slice(node.pos, node.end)),
    depth,
  };
}

function readParsed(script: ParsedScript, reader: Reader): void {
  const [error] = script.errors ?? [];
  if (error !== undefined) reader.unclear(script, `cannot be parsed: ${error.message}`);
  else readStatements(script.commands, reader);
}

function readStatements(statements: readonly Statement[], reader: Reader): void {
  for (const { command } of statements) {
    if (reader.isFull()) return;
    readNode(command, reader);
  }
}

function readList(list: CompoundList | undefined, reader: Reader): void {
  readStatements(list?.commands ?? [], reader);
}

function readNode(node: CommandNode | Pipeline | AndOr | CompoundList, reader: Reader): void {
  switch (node.type) {
    case 'Command':
      return readCommand(node, reader);
    case 'Pipeline':
    case 'AndOr':
      for (const command of node.commands) {
        if (reader.isFull()) return;
        readNode(command, reader);
      }
      return;
    case 'CompoundList':
    case 'Subshell':
    case 'BraceGroup':
      return readList(node.type === 'CompoundList' ? node : node.body, reader);
    case 'Redirected':
      for (const each of node.redirects) readRedirection(each, reader);
      return readNode(node.command, reader);
    case 'If':
      for (const branch of [node, ...node.elif]) {
        readList(branch.clause, reader);
        readList(branch.then, reader);
      }
      return readList(node.else, reader);
    case 'While':
      readList(node.clause, reader);
      return readList(node.body, reader);
    case 'For':
      if (!isOwnVariable(node.name.text)) reader.unclear(node.name, 'sets a variable of others');
      readWords(node.wordlist, reader);
      return readList(node.body, reader);
    case 'Case':
      readWords([node.word, ...node.items.flatMap((item) => item.pattern)], reader);
      for (const item of node.items) readList(item.body, reader);
      return;
    case 'Function':
      return readNode(node.body, reader);
    case 'TestCommand':
      return readTest(node.expression, reader);
    case 'ArithmeticCommand':
    case 'ArithmeticFor':
    case 'Select':
    case 'Coproc':
      return reader.unclear(node, 'is not read alike by all shells');
  }
}

function readWords(words: readonly Node[] | undefined, reader: Reader): void {
  for (const word of words ?? []) readExpansions(word, reader);
}

function readCommand(node: Command, reader: Reader): void {
  const all = [...node.prefix, ...node.suffix];
  if (all.length > limits.policyWords) return reader.unclear(node, 'is too long to be judged');
  const assignments = node.prefix
    .filter((each) => each.type === 'Assignment')
    .flatMap((each) => readAssignment(each, reader));
  const words: Word[] = [];
  if (node.name !== undefined) words.push(takeWord(node.name, reader));
  for (const each of node.suffix) {
    if (each.type === 'Word') words.push(takeWord(each, reader));
    // What `export` and its like are given.
    if (each.type === 'Assignment') {
      readAssignment(each, reader);
      words.push(openWord(each.text));
    }
  }
  for (const each of all) {
    if (each.type !== 'Word' && each.type !== 'Assignment') readRedirection(each, reader);
  }
  // Variables that only the script itself reads come to light where it uses them.
  if (words.length === 0 && assignments.every(({ name }) => isOwnVariable(name))) return;
  reader.add({ type: 'command', text: reader.text(node), assignments, words });
}

function takeWord(node: Node, reader: Reader): Word {
  readExpansions(node, reader);
  return readWord(node);
}

/** A test runs nothing by itself, as long as its operators are words to shells that do not know it. */
function readTest(node: TestExpression, reader: Reader): void {
  switch (node.type) {
    case 'TestUnary':
      if (!/^-[a-zGLNOS]$/.test(node.operator) || node.operator === '-v') {
        reader.unclear(node, 'evaluates what it is given');
      }
      return readExpansions(node.operand, reader);
    case 'TestBinary': {
      const sides = [node.left, node.right];
      const counts = /^-(eq|ne|lt|le|gt|ge)$/.test(node.operator);
      if (counts && !sides.every((side) => /^-?\d+$/.test(side.text))) {
        reader.unclear(node, 'evaluates what it is given');
      }
      if (!counts && !/^(==?|!=|-nt|-ot|-ef)$/.test(node.operator)) {
        reader.unclear(node, 'is not read alike by all shells');
      }
      return readWords(sides, reader);
    }
    case 'TestNot':
      return readTest(node.operand, reader);
    case 'TestLogical':
    case 'TestGroup':
      return reader.unclear(node, 'is not read alike by all shells');
  }
}
