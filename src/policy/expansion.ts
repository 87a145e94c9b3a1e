import type { ArithmeticExpression, Assignment, DoubleQuotedChild, HereDoc } from 'unbash';
import type { ParameterExpansionPart, ParsedScript, Redirect, Redirection } from 'unbash';
import type { Word as Node, WordPart } from 'unbash';
import type { Assigned, Part } from './part.ts';
import { isOwnVariable } from './variable.ts';
import { readWord } from './word.ts';

interface Span {
  readonly pos: number;
  readonly end: number;
}

/** Where what is found in a script goes; each nested script has one of its own. */
export interface Reader {
  add(part: Part): void;
  unclear(node: Span, why: string): void;
  /** Whether more was found than is judged, which has been said. */
  isFull(): boolean;
  /** Reads a script within the script. */
  script(node: Span, script: ParsedScript | undefined): void;
  /** The source of a node, cut for display. */
  text(node: Span): string;
  readonly depth: number;
}

/** Finds what the shell does before it knows a word: substitutions, and what has it evaluate data. */
export function readExpansions(word: Node, reader: Reader): void {
  readPieces(word.parts ?? [], reader);
}

function readPieces(pieces: readonly WordPart[], reader: Reader): void {
  for (const [at, piece] of pieces.entries()) {
    readPiece(piece, reader);
    // `$x[…]` is a subscript, and so evaluated, in some shells.
    const next = pieces[at + 1];
    if (piece.type === 'SimpleExpansion' && next?.text.startsWith('[')) {
      reader.unclear(next, 'is not read alike by all shells');
    }
  }
}

function readPiece(piece: WordPart | DoubleQuotedChild, reader: Reader): void {
  switch (piece.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'SimpleExpansion':
      return;
    case 'Glob':
      return readPieces(piece.parts ?? [], reader);
    case 'BraceExpansion':
      return readPieces(piece.parts ?? [], reader);
    case 'DoubleQuoted':
    case 'LocaleString':
      return readPieces(piece.parts, reader);
    case 'AnsiCQuoted':
      // Where a shell does not know it, the text ends at the first quote.
      if (piece.text.includes("\\'")) reader.unclear(piece, 'is not read alike by all shells');
      return;
    case 'ExtendedGlob':
      return reader.unclear(piece, 'is not read alike by all shells');
    case 'CommandExpansion':
    case 'ProcessSubstitution':
      return reader.script(piece, piece.script);
    case 'ArithmeticExpansion':
      if (!isNumeric(piece.expression)) reader.unclear(piece, 'evaluates what variables hold');
      return;
    case 'ParameterExpansion':
      return readParameter(piece, reader);
  }
}

/** Names in arithmetic stand for text that is evaluated again, with the commands in it. */
function isNumeric(node: ArithmeticExpression | undefined): boolean {
  switch (node?.type) {
    case 'ArithmeticBinary':
      return isNumeric(node.left) && isNumeric(node.right);
    case 'ArithmeticUnary':
      return isNumeric(node.operand);
    case 'ArithmeticTernary':
      return [node.test, node.consequent, node.alternate].every(isNumeric);
    case 'ArithmeticGroup':
      return isNumeric(node.expression);
    case 'ArithmeticWord':
      return /^\d+$/.test(node.value) && node.parts === undefined;
    case 'ArithmeticCommandExpansion':
    case undefined:
      return false;
  }
}

function readParameter(piece: ParameterExpansionPart, reader: Reader): void {
  const { operation, index } = piece;
  if (!/^([A-Za-z_]\w*|\d+|[@*#?$!-])$/.test(piece.parameter) || piece.prefix === '!') {
    return reader.unclear(piece, 'is known only when it runs');
  }
  if (index !== undefined && !/^(\d+|[@*])$/.test(index.text)) {
    return reader.unclear(piece, 'evaluates what variables hold');
  }
  switch (operation?.type) {
    case undefined:
      return;
    case 'Default':
      if (operation.operator.endsWith('=') && !isOwnVariable(piece.parameter)) {
        reader.unclear(piece, 'sets a variable of others');
      }
      return readExpansions(operation.operand, reader);
    case 'Remove':
      return readExpansions(operation.operand, reader);
    case 'Replace':
      readExpansions(operation.pattern, reader);
      return readExpansions(operation.replacement, reader);
    case 'CaseModification':
      if (operation.operand !== undefined) readExpansions(operation.operand, reader);
      return;
    case 'Slice':
      for (const word of [operation.offset, operation.length]) {
        if (word === undefined || /^\s*-?\d+\s*$/.test(word.text)) continue;
        reader.unclear(piece, 'evaluates what variables hold');
      }
      return;
    case 'Transform':
    case 'Names':
    case 'Unknown':
      return reader.unclear(piece, 'is known only when it runs');
  }
}

/** An assignment as a rule can name it; others are reported as unclear. */
export function readAssignment(node: Assignment, reader: Reader): Assigned[] {
  const { value } = node;
  if (value.type === 'ArrayValue') {
    for (const word of value.elements) readExpansions(word, reader);
  } else {
    readExpansions(value, reader);
    const plain = node.append !== true && node.index === undefined;
    if (plain) return [{ name: node.name, value: readWord(value) }];
  }
  reader.unclear(node, 'is not read alike by all shells');
  return [];
}

/** A file that is written or read, or text that the shell makes for a command. */
export function readRedirection(node: Redirection, reader: Reader): void {
  if (node.descriptor?.type === 'FileDescriptorVariable') {
    reader.unclear(node, 'is not read alike by all shells');
  }
  switch (node.type) {
    case 'HereString':
      if (node.target === undefined) return reader.unclear(node, 'cannot be parsed');
      return readExpansions(node.target, reader);
    case 'HereDoc':
      return readHereDoc(node, reader);
    case 'Redirect':
      return readRedirect(node, reader);
  }
}

function readHereDoc(node: HereDoc, reader: Reader): void {
  if (node.closing === undefined || node.delimiter === undefined) {
    return reader.unclear(node, 'has no end');
  }
  // Shells differ in what ends a text whose mark is quoted in an unusual way.
  if (!/^(\\?[\w.-]+|'[\w.-]+'|"[\w.-]+")$/.test(node.delimiter.text)) {
    return reader.unclear(node.delimiter, 'is not read alike by all shells');
  }
  if (!node.delimiter.quoted) readPieces(node.body.parts ?? [], reader);
}

/** Files that keep nothing and tell nothing. */
const devices: readonly string[] = ['/dev/null', '/dev/stdout', '/dev/stderr'];

function readRedirect(node: Redirect, reader: Reader): void {
  const { target, operator } = node;
  if (target === undefined) return reader.unclear(node, 'cannot be parsed');
  readExpansions(target, reader);
  const { fixed } = readWord(target);
  if (/^[<>]&$/.test(operator) && /^(\d+|-)$/.test(target.text)) return;
  if (fixed === null || fixed === '')
    return reader.unclear(node, 'goes to a file that is not known');
  if (/^[!&|(]/.test(target.text)) return reader.unclear(node, 'is not read alike by all shells');
  if (/^\/+dev\/+(tcp|udp)\//.test(fixed)) return reader.unclear(node, 'opens a connection');
  if (devices.includes(fixed)) return;
  const access = operator === '<' || operator === '<&' ? 'read' : 'write';
  reader.add({ type: 'file', text: reader.text(node), access, path: fixed });
}
