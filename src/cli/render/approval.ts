import type { ApprovalOption } from '../../domain/content.ts';
import type { EntryOf } from '../../domain/entry.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { clean, oneLine } from '../clean.ts';
import { renderDiff } from './diff.ts';
import { indent, type Look } from './look.ts';
import { isRuled, renderRuled } from './policy.ts';
import { rulingText } from './rule.ts';

/** Lines of a command, an edit or an input that a view shows; the inbox shows all of them. */
const linesAtMost = 40;
const titleChars = 200;

/**
 * An approval: what is asked, what would be done, why it is asked, and which answers there are with their keys.
 * One that the policy decides is one line.
 */
export function renderApproval(
  entry: EntryOf<'approval'>,
  look: Look,
  { whole = false }: { whole?: boolean } = {},
): string[] {
  const { title, options, ruling } = entry.data;
  const { style } = look;
  if (isRuled(entry.data)) return renderRuled(entry.data, look);
  const deed = deedLines(entry.data, look, whole ? Number.POSITIVE_INFINITY : linesAtMost);
  return [
    `${style.yellow('?')} ${style.bold(oneLine(title, titleChars))}`,
    ...indent(deed, '    '),
    ...(ruling === undefined ? [] : [style.dim(`    asked because ${rulingText(ruling)}`)]),
    ...options.map(
      (option, at) => `    ${at + 1}  ${keyOf(option, options)}${oneLine(option.name)}`,
    ),
  ];
}

/** What would be done, where the title does not say it: the command, the edits, or the input as it is. */
function deedLines(
  { title, toolCall }: EntryOf<'approval'>['data'],
  look: Look,
  atMost: number,
): string[] {
  const { style } = look;
  const command = wholeCommand(toolCall?.input);
  if (command !== null) {
    const told = title.includes(command) && title.length <= titleChars && !command.includes('\n');
    return told ? [] : cut(command.split('\n'), look, atMost).map((line) => style.cyan(line));
  }
  const edits = (toolCall?.content ?? []).flatMap((content) =>
    content.type === 'diff' ? renderDiff(content, look, atMost) : [],
  );
  if (edits.length > 0 || toolCall?.input === undefined) return edits;
  const input = JSON.stringify(toolCall.input, null, 2).split('\n');
  return cut(input, look, atMost).map((line) => style.dim(line));
}

function cut(lines: readonly string[], { style }: Look, atMost: number): string[] {
  const left = lines.length - atMost;
  if (left <= 0) return [...lines];
  const more = `… ${left} more lines: \`turnkeep approvals\` shows all`;
  return [...lines.slice(0, atMost), style.dim(more)];
}

/** The command as it would run, clean but whole; null for tools that run none. */
function wholeCommand(input: Json | undefined): string | null {
  if (!isObject(input)) return null;
  const { command } = input;
  if (typeof command === 'string') return clean(command);
  return Array.isArray(command) ? clean(command.map(String).join(' ')) : null;
}

/** The option that a key stands for: y, a, n, or its number. */
export function optionOfKey(
  key: string,
  options: readonly ApprovalOption[],
): ApprovalOption | undefined {
  const number = Number(key);
  if (Number.isInteger(number) && number >= 1) return options[number - 1];
  const kind = kindOfKey[key];
  return options.find((option) => option.kind === kind);
}

function keyOf(option: ApprovalOption, options: readonly ApprovalOption[]): string {
  const key = ['y', 'a', 'n'].find((one) => optionOfKey(one, options) === option);
  return key === undefined ? '' : `(${key}) `;
}

const kindOfKey: Readonly<Record<string, ApprovalOption['kind']>> = {
  y: 'allow_once',
  a: 'allow_always',
  n: 'reject_once',
};
