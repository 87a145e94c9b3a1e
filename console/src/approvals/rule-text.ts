import type { InputOf } from 'turnkeep/client';

export type Rule = NonNullable<InputOf<'approvals.decide'>['rules']>[number];

/** What a rule is about, in words; docs/policy.md has the whole of it. */
export function ruleText({ tool, kind, path, command, expansions }: Rule): string {
  const parts = [
    ...(tool === undefined ? [] : [`tool ${tool}`]),
    ...(kind === undefined ? [] : [`kind ${kind}`]),
    ...(path === undefined ? [] : [`path ${path}`]),
    ...(command === undefined ? [] : [command]),
  ];
  const about = parts.length === 0 ? 'everything' : parts.join(', ');
  return expansions === true ? `${about} (with expansions)` : about;
}
