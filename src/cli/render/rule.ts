import type { Effect, Rule, Ruling } from '../../domain/policy.ts';
import { oneLine } from '../clean.ts';
import type { Look, Style } from './look.ts';

const paints: Record<Effect, keyof Style> = { allow: 'green', ask: 'yellow', deny: 'red' };

/** What a rule is about, on one line. */
export function ruleText({ tool, kind, path, command, expansions }: Rule): string {
  const parts = [
    tool === undefined ? [] : `tool ${tool}`,
    kind === undefined ? [] : `kind ${kind}`,
    path === undefined ? [] : `path ${path}`,
    command ?? [],
  ].flat();
  const about = parts.length === 0 ? 'everything' : parts.join(', ');
  return oneLine(expansions === true ? `${about} (with expansions)` : about, 4096);
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

/** What a verdict comes from: a rule by its place, or what decided instead of one. */
export function rulingText({ level, rule, directory, why }: Ruling): string {
  if (typeof rule !== 'number') return oneLine(why, 400);
  return `${placeText(level, directory)}, rule ${rule + 1}: ${oneLine(why, 400)}`;
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
