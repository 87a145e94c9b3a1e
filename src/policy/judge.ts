import type { ToolKind } from '../domain/content.ts';
import {
  aboutOf,
  type Effect,
  isWithin,
  type Rule,
  type Ruling,
  type Wanted,
} from '../domain/policy.ts';
import { disguiseOf } from './disguise.ts';
import { guardedNames, isPlainEdit } from './edits.ts';
import { covers, namesOf } from './glob.ts';
import { shown } from './part.ts';
import type { CommandPart, FilePart, Part } from './part.ts';
import { allows, guards, readPattern } from './pattern.ts';
import type { Match, Pattern } from './pattern.ts';
import { pathsIn, placeOf, reachesState, touchesState } from './place.ts';
import type { Ground, Place } from './place.ts';
import { rulesFor } from './rule.ts';
import type { PlacedRule, Policy } from './rule.ts';
import { readCommands } from './wrapper.ts';

const fileKinds: readonly ToolKind[] = ['read', 'search', 'edit', 'delete', 'move'];

export interface Explained {
  readonly found: 'command' | 'read' | 'write' | 'tool' | 'unclear';
  readonly text: string;
  readonly verdict: Ruling;
}

export interface Explanation {
  readonly verdict: Ruling;
  /** Every simple command, file and doubt that was found, in order, with what was decided about it. */
  readonly parts: readonly Explained[];
}

/** The absolute paths whose real paths a verdict needs, in `Ground.realPaths`. */
export function pathsOf(question: Wanted): string[] {
  return [...new Set(partsOf(question).flatMap((part) => pathsIn(part, question.cwd)))];
}

/** Whether a thing is allowed, asked about or denied, and by what. */
export function judge(question: Wanted, policy: Policy, ground: Ground): Ruling {
  return explain(question, policy, ground).verdict;
}

/** The verdict with all that led to it. A question is allowed when each of its parts is. */
export function explain(question: Wanted, policy: Policy, ground: Ground): Explanation {
  const court = new Court(question, policy, ground);
  const parts = partsOf(question).map((part): Explained => {
    return { found: foundAs(part), text: shown(part.text), verdict: court.decide(part) };
  });
  const first = (effect: Effect) => parts.find((part) => part.verdict.effect === effect)?.verdict;
  return { verdict: first('deny') ?? first('ask') ?? first('allow')!, parts };
}

function foundAs(part: Part): Explained['found'] {
  return part.type === 'file' ? part.access : part.type;
}

/** The smallest things of which it consists, in order. */
export function partsOf(question: Wanted): Part[] {
  if (question.command !== null) return partsOfCommand(question.command);
  const access = question.kind === 'read' || question.kind === 'search' ? 'read' : 'write';
  const files = question.locations.map((path): FilePart => ({
    type: 'file',
    text: path,
    access,
    path,
  }));
  return files.length > 0 ? files : [{ type: 'tool', text: question.tool ?? question.kind }];
}

function partsOfCommand(command: string): Part[] {
  const disguise = disguiseOf(command);
  if (disguise !== null) return [{ type: 'unclear', text: command, why: disguise }];
  const parts = readCommands(command);
  if (parts.length === 0) return [{ type: 'unclear', text: command, why: 'has no command in it' }];
  // Relative files count from wherever the script has gone.
  const moves = parts.some((part) => part.type === 'command' && isMove(part));
  return parts.map((part) =>
    moves && part.type === 'file' && !part.path.startsWith('/')
      ? { type: 'unclear', text: part.text, why: 'counts from a directory that is not known' }
      : part,
  );
}

function isMove(part: CommandPart): boolean {
  return /^(cd|chdir|pushd|popd)$/.test(part.words[0]?.fixed ?? '');
}

/** Decides the parts of one question. */
class Court {
  readonly #question: Wanted;
  readonly #policy: Policy;
  readonly #ground: Ground;
  readonly #rules: readonly PlacedRule[];
  /** Rules are read once for all parts. */
  readonly #patterns = new Map<Rule, Pattern | string>();

  constructor(question: Wanted, policy: Policy, ground: Ground) {
    this.#question = question;
    this.#policy = policy;
    this.#ground = ground;
    this.#rules = rulesFor(policy, ground.root);
  }

  decide(part: Part): Ruling {
    const place = part.type === 'file' ? placeOf(part, this.#question.cwd, this.#ground) : null;
    const known = place !== null && 'real' in place ? place : null;
    const doubt = this.#doubt(part, place);
    const verdict = this.#byRules(part, known, doubt) ?? this.#unruled(part, known, doubt);
    // The daemon's own files are guarded whatever the rules say, unless they say more.
    return verdict.effect === 'deny' ? verdict : (this.#guardState(part, known) ?? verdict);
  }

  #byRules(part: Part, place: Place | null, doubt: string | null): Ruling | null {
    for (const placed of this.#rules) {
      const match = this.#matches(placed.rule, part, place, doubt !== null);
      if (match !== 'no') return ruled(placed, match);
    }
    return null;
  }

  #guardState(part: Part, place: Place | null): Ruling | null {
    const verdict = (effect: Effect, why: string): Ruling => ({
      effect,
      level: null,
      rule: 'state',
      why: whole(part, why),
    });
    if (part.type === 'file' && place !== null) {
      const paths = [place.path, place.real];
      if (paths.some((path) => isWithin(path, this.#ground.stateDirectory))) {
        return verdict(part.access === 'write' ? 'deny' : 'ask', 'is in the state directory');
      }
      if (paths.some((path) => touchesState(path, this.#ground))) {
        return verdict('ask', 'has the state directory in it');
      }
    }
    const reach = reachesState(part, this.#question.cwd, this.#ground);
    return reach === null ? null : verdict('ask', reach);
  }

  #doubt(part: Part, place: Place | { readonly why: string } | null): string | null {
    if (part.type === 'unclear') return part.why;
    return place !== null && 'why' in place ? place.why : null;
  }

  /** A rule that allows has to be sure; one that guards counts as soon as it may be about the part. */
  #matches(rule: Rule, part: Part, place: Place | null, doubtful: boolean): Match {
    if (rule.tool !== undefined && rule.tool !== this.#question.tool) return 'no';
    if (rule.effect === 'allow') {
      return !doubtful && this.#isKind(rule, part) && this.#allows(rule, part, place)
        ? 'yes'
        : 'no';
    }
    if (part.type !== 'unclear' && !this.#isKind(rule, part)) return 'no';
    if (rule.command === undefined && rule.path === undefined) return 'yes';
    if (doubtful) return this.#mayBeAbout(rule, part) ? 'maybe' : 'no';
    if (rule.command !== undefined)
      return part.type === 'command' ? this.#guards(rule, part) : 'no';
    const glob = this.#globOf(rule);
    const found = place === null ? pathsIn(part, this.#question.cwd) : [place.path];
    const paths = found.flatMap((path) => [path, this.#ground.realPaths.get(path) ?? path]);
    if (!paths.some((path) => covers(glob, path))) return 'no';
    // What a command does to a path that it names, nobody can tell.
    return part.type === 'file' ? 'yes' : 'maybe';
  }

  #mayBeAbout(rule: Rule, part: Part): boolean {
    return part.type === 'unclear' || rule.path !== undefined;
  }

  /** A redirection is an edit or a reading, and also what its tool is. */
  #isKind(rule: Rule, part: Part): boolean {
    const { kind, command } = this.#question;
    if (rule.kind === undefined) return true;
    if (part.type === 'command' && rule.path !== undefined) return true;
    if (command === null || part.type !== 'file') return rule.kind === kind;
    const own = part.access === 'write' ? 'edit' : 'read';
    return rule.kind === own || (rule.kind === kind && rule.path === undefined);
  }

  #allows(rule: Rule, part: Part, place: Place | null): boolean {
    if (rule.command !== undefined) {
      const pattern = this.#patternOf(rule);
      if (typeof pattern === 'string' || part.type !== 'command') return false;
      return allows(pattern, part, rule.expansions === true);
    }
    if (part.type !== 'file') return rule.path === undefined;
    if (place === null) return false;
    const glob = this.#globOf(rule);
    const names = namesOf(glob).map((name) => name.toLowerCase());
    const guarded = part.access === 'write' ? guardedNames(place.real) : [];
    if (!guarded.every((name) => names.includes(name))) return false;
    if (rule.path === undefined) return true;
    // Of a tool that is not about files, a path alone tells nothing.
    const { command, kind } = this.#question;
    const aboutFiles = command !== null || fileKinds.includes(kind);
    return (
      (aboutFiles || rule.tool !== undefined || rule.kind !== undefined) && covers(glob, place.real)
    );
  }

  #guards(rule: Rule, part: CommandPart): Match {
    const pattern = this.#patternOf(rule);
    // A guard that nobody can read may be about anything.
    return typeof pattern === 'string' ? 'maybe' : guards(pattern, part);
  }

  #patternOf(rule: Rule): Pattern | string {
    const pattern = this.#patterns.get(rule) ?? readPattern(rule.command ?? '');
    this.#patterns.set(rule, pattern);
    return pattern;
  }

  #globOf(rule: Rule): string {
    const path = rule.path ?? '';
    return path.startsWith('./') ? `${this.#ground.root}/${path.slice(2)}` : path;
  }

  #unruled(part: Part, place: Place | null, doubt: string | null): Ruling {
    const { edits, bypass } = this.#policy.session;
    const { cwd, kind, command } = this.#question;
    const isEdit = command !== null || kind === 'edit' || kind === 'delete' || kind === 'move';
    const writes = part.type === 'file' && part.access === 'write' && isEdit;
    if (edits && writes && place !== null && isPlainEdit(place, cwd, this.#ground)) {
      return { effect: 'allow', level: 'session', rule: 'edits', why: 'edits here are accepted' };
    }
    if (bypass !== null && this.#ground.now < bypass.until) {
      return { effect: 'allow', level: 'session', rule: 'bypass', why: 'nothing is asked for now' };
    }
    const over = bypass === null ? null : 'the bypass is over';
    const doubtful = doubt === null ? null : whole(part, doubt);
    const why = doubtful ?? over ?? this.#near(part) ?? 'no rule is about it';
    return { effect: 'ask', level: null, rule: 'none', why };
  }

  /** Says which rule its writer may have meant for this: its words fit, but are not enough. */
  #near(part: Part): string | null {
    if (part.type !== 'command') return null;
    const { tool } = this.#question;
    const near = this.#rules.find(
      ({ rule }) =>
        rule.effect === 'allow' &&
        rule.command !== undefined &&
        (rule.tool === undefined || rule.tool === tool) &&
        this.#isKind(rule, part) &&
        this.#guards(rule, part) !== 'no',
    );
    return near === undefined ? null : `no rule names enough of it, not even ${told(near.rule)}`;
  }
}

function ruled({ rule, level, number, directory }: PlacedRule, match: Match): Ruling {
  const effect = match === 'maybe' ? 'ask' : rule.effect;
  const note = rule.note === undefined ? '' : `: ${rule.note}`;
  return {
    effect,
    level,
    rule: number,
    ...(directory === undefined ? {} : { directory }),
    why: `a rule ${match === 'maybe' ? 'that may be about it ' : ''}${says[rule.effect]} ${told(rule)}${note}`,
  };
}

const says: Record<Effect, string> = { allow: 'allows', ask: 'asks about', deny: 'denies' };
/** Characters of a rule that a verdict repeats. */
const toldChars = 200;

/** A reason as a sentence: of a question with many parts it says which one is meant. */
function whole(part: Part, why: string): string {
  return `“${shown(part.text)}” ${why}`;
}

function told(rule: Rule): string {
  const about = aboutOf(rule);
  return about.length <= toldChars ? about : `${about.slice(0, toldChars)}…`;
}
