import type { EntryOf } from '../../domain/entry.ts';
import { oneLine } from '../clean.ts';
import type { Look } from './look.ts';
import { renderDuration } from './measure.ts';
import { rulingText } from './rule.ts';

/** Until when nothing is asked, and how long that is; null where everything is asked about. */
export function bypassText(until: string | null, now: number): string | null {
  const left = leftOf(until, now);
  if (left === null || until === null) return null;
  const time = `until ${clock(until)}, for ${renderDuration(left)}`;
  return `nothing is asked ${time}; rules that deny or ask hold on`;
}

/** Milliseconds to the end of a bypass, null where there is none. */
export function leftOf(until: string | null, now: number): number | null {
  const left = until === null ? 0 : Date.parse(until) - now;
  return left > 0 ? left : null;
}

/** A countdown in a few characters: `9m 12s` is told to the second only in its last minutes. */
export function countdown(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return seconds < 7200 ? `${Math.round(seconds / 60)}m` : `${Math.round(seconds / 3600)}h`;
}

function clock(at: string): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/** Whether the policy decides it in the same transaction: what no option can allow is left to a person. */
export function isRuled({ ruling, options }: EntryOf<'approval'>['data']): boolean {
  if (ruling === undefined || ruling.effect === 'ask') return false;
  return ruling.effect === 'deny' || options.some(({ kind }) => kind.startsWith('allow'));
}

/** What a policy decided by itself: one line, with the rule. */
export function renderRuled({ title, ruling }: EntryOf<'approval'>['data'], look: Look): string[] {
  if (ruling === undefined) return [];
  const mark = ruling.effect === 'allow' ? '✓ allowed' : '✗ denied';
  const line = `  ${mark}: ${oneLine(title, 120)}, because ${rulingText(ruling)}`;
  return [look.style.dim(line)];
}

/** What became of a policy, where a person should know. */
export function renderPolicyChange(
  { from, changes }: EntryOf<'settings'>['data'],
  { style }: Look,
): string[] {
  const { policy } = changes;
  if (policy === undefined) return [];
  const { bypassUntil, autoAcceptEdits, rules } = policy;
  if (bypassUntil !== null) {
    return [
      style.red(`! nothing is asked until ${clock(bypassUntil)}; rules that deny or ask hold on`),
    ];
  }
  if (from === 'server') return [style.yellow('! the bypass is over: questions are asked again')];
  const count = `${rules.length} rule${rules.length === 1 ? '' : 's'}`;
  const edits = autoAcceptEdits ? ', edits are accepted' : '';
  return [style.dim(`── policy: ${count} of its own${edits} ──`)];
}
