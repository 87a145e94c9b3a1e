/**
 * What a token may do. `inside` marks a token that was handed into a host: it acts as its session, never
 * decides an approval and never changes policy.
 */
export const scopes = ['view', 'drive', 'approve', 'manage', 'admin', 'inside'] as const;
export type Scope = (typeof scopes)[number];

/** Scopes that include others: who may drive may look. */
export const includes: Record<Scope, readonly Scope[]> = {
  view: ['view'],
  drive: ['view', 'drive'],
  approve: ['view', 'approve'],
  manage: ['view', 'drive', 'manage'],
  admin: ['view', 'drive', 'approve', 'manage', 'admin'],
  inside: ['view', 'drive', 'inside'],
};

/** Whether scopes held by a token allow an operation that asks for one. */
export function allows(held: readonly Scope[], asked: Scope): boolean {
  return held.some((scope) => includes[scope].includes(asked));
}
