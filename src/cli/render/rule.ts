import { aboutOf, type Effect, type Rule, type Ruling } from '../../domain/policy.ts';
import { oneLine } from '../clean.ts';
import type { Look, Style } from './look.ts';

const paints: Record<Effect, keyof Style> = { allow: 'green', ask: 'yellow', deny: 'red' };

/** What a rule is about, on one line. */
export function ruleText(rule: Rule): string {
  return oneLine(aboutOf(rule), 4096);
}

/** allow, ask or deny, in its colour and as wide as the widest. */
export function renderEffect(effect: Effect, { style }: Look): string {
  return style[paints[effect]](effect.padEnd(5));
}

export function renderRule(rule: Rule, look: Look): string {
  const note = rule.note === undefined ? '' : look.style.dim(`  # ${oneLine(rule.note, 400)}`);
  return `${renderEffect(rule.effect, look)}  ${ruleText(rule)}${note}`;
}

/** Rules with their numbers, which are counted from 1. */
export function renderRules(rules: readonly Rule[], look: Look): string[] {
  return rules.map((rule, at) => `${String(at + 1).padStart(3)}  ${renderRule(rule, look)}`);
}

/** Why a verdict is as it is, to be read after "because", with the place of the rule that decided. */
export function rulingText({ level, rule, directory, why }: Ruling): string {
  const reason = oneLine(why, 800);
  if (typeof rule !== 'number') return reason;
  return `${reason} (${placeText(level, directory)}, rule ${rule + 1})`;
}

function placeText(level: Ruling['level'], directory: string | undefined): string {
  switch (level) {
    case 'session':
      return 'session';
    case 'directory':
      return `directory ${oneLine(directory ?? '')}`.trimEnd();
    case 'global':
      return 'everywhere';
    case null:
      return 'policy';
  }
}
