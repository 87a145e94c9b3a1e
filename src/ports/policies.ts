import type { Rule, Ruling, SessionPolicy, Wanted } from '../domain/policy.ts';

/** A session as far as a policy is about it. */
export interface Guarded {
  /** Its working directory, by its real path. */
  cwd: string;
  policy: SessionPolicy;
}

/** What was found in something that an agent wants, and what is said to it. */
export interface RuledPart {
  found: 'command' | 'read' | 'write' | 'tool' | 'unclear';
  text: string;
  verdict: Ruling;
}

/**
 * What agents may do unasked: the rules of the session, of the directories around it, and those that hold
 * everywhere, asked at the moment of a question, with what the disk is like then.
 */
export interface Policies {
  /** Never rejects: what cannot be found out is asked about. */
  rule(session: Guarded, wanted: Wanted): Promise<Ruling>;
  /** The verdict with every part that it came from. */
  explain(
    session: Guarded,
    wanted: Wanted,
  ): Promise<{ verdict: Ruling; parts: readonly RuledPart[] }>;
  /** Rules that would allow just that; none where no rule can. */
  suggest(session: Guarded, wanted: Wanted): Promise<readonly Rule[]>;
  /** Refuses rules that nobody can follow, naming the first of them. */
  check(rules: readonly Rule[], field: string): void;
  /** Rules of directories and those that hold everywhere. */
  list(): Promise<readonly PolicyRow[]>;
  /** Takes the place of those that are there, at the revision that the caller knows; none removes them. */
  set(change: PolicyChangeRow): Promise<PolicyRow>;
  /** Rules were stored with a decision: what is known of them is read again. */
  changed(): void;
}

/** The rules of one directory, by its real path, or with null those that hold everywhere. */
export interface PolicyRow {
  directory: string | null;
  rules: readonly Rule[];
  /** Rises with every change; 0 where there never were any. */
  revision: number;
  changedAt: string;
  /** Name of the token. */
  changedBy: string;
}

export interface PolicyChangeRow {
  directory: string | null;
  rules: readonly Rule[];
  /** Refused as `conflict` unless it is this one; absent for any. */
  revision?: number;
  by: string;
}
