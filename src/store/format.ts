import { entryKinds, idPattern, isNode, nodeRule, type NewEntry } from '../domain/entry.ts';

const digestPattern = /^[0-9a-f]{64}$/;
const timePattern = /^[\x20-\x7e]{1,64}$/;
const kinds: ReadonlySet<string> = new Set(entryKinds);

function idFlaw(entry: NewEntry): string | null {
  const named = { id: entry.id, parentId: entry.parentId, runId: entry.runId, about: entry.about };
  for (const [field, value] of Object.entries(named)) {
    if (value !== undefined && value !== null && !idPattern.test(value))
      return `${field} is not an id`;
  }
  return null;
}

function nodeFlaw(entry: NewEntry): string | null {
  const hasParent = entry.parentId !== undefined;
  if (nodeRule[entry.kind] === 'either' || isNode(entry) === hasParent) return null;
  return hasParent
    ? `a ${entry.kind} like this is no node and has no parentId`
    : `a ${entry.kind} is a node and needs a parentId (null for the first)`;
}

/** Why an entry cannot be stored as it is, or null. What depends on the log is the verdict's business. */
export function formatFlaw(entry: NewEntry, digest: string): string | null {
  if (!kinds.has(entry.kind)) return `no such kind: ${String(entry.kind)}`;
  if (entry.data === undefined) return 'data is missing';
  if (!timePattern.test(entry.at)) return 'at is not a time';
  if (!digestPattern.test(digest)) return 'the digest is not a hex SHA-256';
  const bounds = entry.kind === 'run_started' || entry.kind === 'run_ended';
  if (bounds && entry.runId === undefined) return `a ${entry.kind} needs a runId`;
  return idFlaw(entry) ?? nodeFlaw(entry);
}
