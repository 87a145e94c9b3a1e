import { isNode, type EntryKind, type NewEntry } from '../domain/entry.ts';
import type {
  AppendBatch,
  HostChange,
  HostInput,
  SessionColumns,
  SpanChange,
} from '../ports/store.ts';
import type { PolicyChangeRow } from '../ports/policies.ts';
import { formatFlaw } from './format.ts';

/**
 * A batch as it travels to the worker: flat, with everything deep already JSON text. Text is copied between
 * threads in one piece, an object member by member; and data is stored as exactly this text.
 */
export interface WireBatch {
  session: string;
  epoch: number;
  create: { key: string | null; parent: string | null } | null;
  expect: { head: string | null } | { seq: number } | null;
  entries: readonly WireEntry[];
  state: WireState | null;
  raiseEpoch: number | null;
  hosts: readonly HostChange[];
  inputs: readonly HostInput[];
  spans: readonly SpanChange[];
  events: readonly string[];
  rules: readonly Omit<PolicyChangeRow, 'revision'>[];
  restoration: string | null;
  arrived: boolean;
  secrets: { readonly [name: string]: string | null } | null;
}

export interface WireEntry {
  id: string;
  kind: EntryKind;
  node: boolean;
  parent: string | null;
  run: string | null;
  at: string;
  /** JSON text. */
  by: string;
  /** JSON text, because an agent's own id may hold what UTF-8 cannot. */
  parentCall: string | null;
  about: string | null;
  digest: string;
  data: string;
  /** Why it breaks the format, or null. */
  flaw: string | null;
}

export interface WireState {
  version: number;
  json: string;
  row: string;
  key: string | null;
  createdAt: string;
  updatedAt: string;
  lastActivityAt: string;
  /** JSON text of the columns that seldom change (`Traits`): when it is the stored one, they are left alone. */
  traits: string;
}

/** The columns of a session's row that seldom change. */
export type Traits = Omit<SessionColumns, 'createdAt' | 'updatedAt' | 'lastActivityAt' | 'row'>;

function wireState(state: NonNullable<AppendBatch['state']>): WireState {
  const { createdAt, updatedAt, lastActivityAt, row, ...traits } = state.columns;
  return {
    version: state.version,
    json: state.json,
    row,
    key: traits.key,
    createdAt,
    updatedAt,
    lastActivityAt,
    traits: JSON.stringify(traits),
  };
}

function wireEntry({ entry, digest }: { entry: NewEntry; digest: string }): WireEntry {
  const flaw = formatFlaw(entry, digest);
  return {
    id: entry.id,
    kind: entry.kind,
    node: flaw === null && isNode(entry),
    parent: entry.parentId ?? null,
    run: entry.runId ?? null,
    at: entry.at,
    by: JSON.stringify(entry.by),
    parentCall: entry.parentCall === undefined ? null : JSON.stringify(entry.parentCall),
    about: entry.about ?? null,
    digest,
    data: JSON.stringify(entry.data) ?? 'null',
    flaw,
  };
}

export function wireBatch(batch: AppendBatch): WireBatch {
  return {
    session: batch.session,
    epoch: batch.epoch,
    create:
      batch.create === undefined
        ? null
        : { key: batch.create.key, parent: batch.state?.columns.parent ?? null },
    expect: batch.expect ?? null,
    entries: batch.entries.map(wireEntry),
    state: batch.state === undefined ? null : wireState(batch.state),
    raiseEpoch: batch.raiseEpoch ?? null,
    hosts: batch.hosts ?? [],
    // Copies: a view would take its whole buffer along, and the caller may write on in it.
    inputs: (batch.inputs ?? []).map((input) => ({ ...input, bytes: new Uint8Array(input.bytes) })),
    spans: batch.spans ?? [],
    events: batch.events ?? [],
    rules: batch.rules ?? [],
    restoration: batch.restoration ?? null,
    arrived: batch.arrived ?? false,
    secrets: batch.secrets ?? null,
  };
}

/** About how much a batch weighs in a message. */
export function wireSize(batch: WireBatch): number {
  let size = 256 + (batch.state === null ? 0 : batch.state.json.length + batch.state.row.length);
  for (const entry of batch.entries) size += 256 + entry.data.length;
  for (const input of batch.inputs) size += input.bytes.byteLength;
  return size;
}
