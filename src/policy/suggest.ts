import { limits } from '../domain/limits.ts';
import { isWithin, type Rule, type Wanted } from '../domain/policy.ts';
import { programOf } from './caution.ts';
import type { CommandPart, Part } from './part.ts';
import { placeOf, type Ground } from './place.ts';
import { judge, partsOf } from './judge.ts';

/**
 * Rules that allow just what is wanted, and nothing that was not in it: each command by all of its words, each
 * file by its real path, a tool by its name. None where no rule can allow it: then it is asked about each time.
 */
export function suggest(wanted: Wanted, ground: Ground): readonly Rule[] {
  const rules: Rule[] = [];
  for (const part of partsOf(wanted)) {
    const rule = ruleFor(part, wanted, ground);
    if (rule === null || !fits(rule)) return [];
    if (rules.length === limits.policyRules) return [];
    if (!rules.some((known) => JSON.stringify(known) === JSON.stringify(rule))) rules.push(rule);
  }
  const policy = {
    session: { rules, edits: false, bypass: null },
    directories: [],
    global: { rules: [] },
  };
  return judge(wanted, policy, ground).effect === 'allow' ? rules : [];
}

/** Nobody could give such a rule, nor read it. */
function fits({ tool = '', path = '', command = '' }: Rule): boolean {
  return [tool, path, command].every((text) => text.length <= limits.policyRuleChars);
}

function ruleFor(part: Part, wanted: Wanted, ground: Ground): Rule | null {
  switch (part.type) {
    case 'command': {
      const command = runsInput(part) ? null : patternOf(part);
      return command === null ? null : { effect: 'allow', command };
    }
    case 'file': {
      const place = placeOf(part, wanted.cwd, ground);
      if ('why' in place || /[*?]/.test(place.real)) return null;
      const kind =
        wanted.command === null ? wanted.kind : part.access === 'write' ? 'edit' : 'read';
      const inside = ground.root !== '/' && isWithin(place.real, ground.root);
      const path = inside ? `.${place.real.slice(ground.root.length)}` : place.real;
      return path === '.' ? null : { effect: 'allow', kind, path };
    }
    case 'tool':
      return wanted.tool === null ? null : { effect: 'allow', tool: wanted.tool };
    case 'unclear':
      return null;
  }
}

/** Programs that, without a script among their arguments, run what comes in: a rule for one allows any of it. */
const readers: ReadonlySet<string> = new Set(
  `ash bash bun csh dash deno erl expect fish groovy ipython irb jjs jshell julia ksh lua luajit mysql node
  nodejs octave osascript perl php psql pwsh python R Rscript ruby sh sqlite3 ssh tclsh tcsh zsh`.split(
    /\s+/,
  ),
);

function runsInput({ words: [program, ...rest] }: CommandPart): boolean {
  const name = programOf(program?.fixed ?? '').replace(/[\d.]+$/, '');
  if (!readers.has(name) && !readers.has(programOf(program?.fixed ?? ''))) return false;
  return rest.every(({ fixed }) => fixed?.startsWith('-') !== false || fixed === '/dev/stdin');
}

/** The command with all its words, quoted where the shell would read them otherwise. */
function patternOf({ assignments, words }: CommandPart): string | null {
  const set = assignments.map(({ name, value }) =>
    value.fixed === null ? null : `${name}=${quoted(value.fixed)}`,
  );
  const said = words.map(({ fixed }) => (fixed === null ? null : quoted(fixed)));
  const all = [...set, ...said];
  return all.includes(null) ? null : all.join(' ');
}

function quoted(text: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
