import type { ApprovalParts } from './approval-card.tsx';

type Option = ApprovalParts['entry']['data']['options'][number];

/** What allows a question: once, for ever, one of several answers, or nothing that its agent offers. */
export type Allowing =
  | { type: 'once' | 'always'; option: Option }
  | { type: 'several'; options: readonly Option[] }
  | { type: 'never' };

/** For ever only where nothing less is offered: rules of one's own can be seen and taken back. */
export function allowingOf(options: readonly Option[]): Allowing {
  const once = options.filter(({ kind }) => kind === 'allow_once');
  const type = once.length > 0 ? 'once' : 'always';
  const all = once.length > 0 ? once : options.filter(({ kind }) => kind === 'allow_always');
  const [option] = all;
  if (option === undefined) return { type: 'never' };
  return all.length === 1 ? { type, option } : { type: 'several', options: all };
}

/** Whether its agent takes a no for ever, and knows no other. */
export function deniesForEver(options: readonly Option[]): boolean {
  const kinds = options.map(({ kind }) => kind);
  return kinds.includes('reject_always') && !kinds.includes('reject_once');
}
