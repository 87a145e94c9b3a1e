import type { DoubleQuotedChild, Word as Node, WordPart } from 'unbash';
import type { Word } from './part.ts';

interface Piece {
  /** Null for an expansion. */
  readonly fixed: string | null;
  readonly single: boolean;
}

const open: Piece = { fixed: null, single: false };

/** Resolves quotes and escapes of a word; what is expanded stays open. */
export function readWord(node: Node): Word {
  const pieces = piecesOf(node);
  const at = pieces.findIndex((piece) => piece.fixed === null);
  const join = (some: readonly Piece[]) => some.map((piece) => piece.fixed ?? '').join('');
  return {
    text: node.text,
    fixed: at < 0 ? join(pieces) : null,
    single: pieces.every((piece) => piece.single),
    prefix: join(at < 0 ? pieces : pieces.slice(0, at)),
    pieces: pieces.flatMap((piece) => (piece.fixed === null ? [] : [piece.fixed])),
  };
}

function piecesOf(node: Node): Piece[] {
  // `=ls` is a path in one shell and itself in another.
  const first = /^(~|=(?!=?$))/.test(node.text) ? [open] : [];
  if (node.parts === undefined) return [...first, literal(node.text, node.value)];
  return [...first, ...node.parts.flatMap(piecesOfPart)];
}

function piecesOfPart(part: WordPart): Piece[] {
  switch (part.type) {
    case 'Literal':
      return [literal(part.text, part.value)];
    case 'SingleQuoted':
      return [{ fixed: part.value, single: true }];
    case 'DoubleQuoted':
      return part.parts.map(pieceOfQuoted);
    // Shells differ in what these two are, but not in that they are one word.
    case 'AnsiCQuoted':
    case 'LocaleString':
      return [{ fixed: null, single: true }];
    case 'Glob':
    case 'SimpleExpansion':
    case 'ParameterExpansion':
    case 'CommandExpansion':
    case 'ArithmeticExpansion':
    case 'ProcessSubstitution':
    case 'ExtendedGlob':
    case 'BraceExpansion':
      return [open];
  }
}

function pieceOfQuoted(part: DoubleQuotedChild): Piece {
  switch (part.type) {
    case 'Literal':
      return hasDollar(part.text)
        ? { fixed: null, single: true }
        : { fixed: part.value, single: true };
    // `"$@"` and what may have one in it are as many words as they like.
    case 'SimpleExpansion':
    case 'ParameterExpansion':
      return { fixed: null, single: !part.text.includes('@') };
    case 'CommandExpansion':
    case 'ArithmeticExpansion':
      return { fixed: null, single: true };
  }
}

function literal(text: string, value: string): Piece {
  const bare = text.replace(/\\[\s\S]/g, '');
  const expands =
    hasDollar(text) ||
    // A tilde also counts after the `=` or `:` of what looks like an assignment.
    /[=:]~/.test(bare) ||
    /[*?]/.test(bare) ||
    /\[[\s\S]*\]/.test(bare) ||
    (bare.includes('{') && /,|\.\./.test(bare));
  return expands ? open : { fixed: value, single: true };
}

/** A dollar that one shell leaves alone may be an expansion in another. */
function hasDollar(text: string): boolean {
  return /[$`]/.test(text.replace(/\\[\s\S]/g, ''));
}
