import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobRef } from '../../src/domain/content.ts';
import { digestText, type EntryBase, type NewEntry } from '../../src/domain/entry.ts';
import type { AppendBatch, SessionColumns, Store, Verdict } from '../../src/ports/store.ts';

export const time = '2026-01-01T00:00:00.000Z';
const base: Pick<EntryBase, 'at' | 'by'> = { at: time, by: { type: 'server' } };

export type Fields = Partial<EntryBase>;

export function message(
  id: string,
  parentId: string | null,
  text = id,
  fields: Fields = {},
): NewEntry {
  return {
    ...base,
    id,
    parentId,
    kind: 'message',
    data: { content: [{ type: 'text', text }] },
    ...fields,
  };
}

/** A message that lies in a blob. */
export function blobMessage(id: string, parentId: string | null, blob: BlobRef): NewEntry {
  const content = [{ type: 'text' as const, text: 'preview', blob }];
  return { ...base, id, parentId, kind: 'message', data: { content } };
}

/** A file of which nothing is known before, and this after. */
export function snapshot(id: string, about: string, blob: BlobRef, path = '/work/a'): NewEntry {
  const before = { state: 'unread', reason: 'unknown' } as const;
  const after = { state: 'file', blob } as const;
  const data = { path, change: 'unknown', before, beforeFrom: 'unknown', after } as const;
  return { ...base, id, about, kind: 'snapshot', data };
}

export function notice(id: string, text = id, fields: Fields = {}): NewEntry {
  return { ...base, id, kind: 'notice', data: { code: 'test', text }, ...fields };
}

export function runStarted(id: string, runId: string): NewEntry {
  return { ...base, id, runId, kind: 'run_started', data: { trigger: 'prompt', prompts: [] } };
}

export function runEnded(id: string, runId: string): NewEntry {
  const tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, thought: 0 };
  const data = {
    outcome: 'completed',
    usage: { tokens, cost: null },
    durationMs: 1,
    turns: 1,
  } as const;
  return { ...base, id, runId, kind: 'run_ended', data };
}

export function approval(id: string): NewEntry {
  return { ...base, id, kind: 'approval', data: { request: id, title: id, options: [] } };
}

export function decision(id: string, about: string): NewEntry {
  return { ...base, id, about, kind: 'decision', data: { outcome: 'allowed' } };
}

export function digested(entry: NewEntry): { entry: NewEntry; digest: string } {
  return { entry, digest: createHash('sha256').update(digestText(entry)).digest('hex') };
}

export function batch(
  session: string,
  entries: readonly NewEntry[],
  more: Partial<AppendBatch> = {},
): AppendBatch {
  return { session, epoch: 1, entries: entries.map(digested), ...more };
}

export const first = { create: { key: null } } as const;

export function columns(fields: Partial<SessionColumns> = {}): SessionColumns {
  return {
    key: null,
    agent: 'scripted',
    cwd: '/work',
    title: null,
    label: null,
    nativeId: null,
    parent: null,
    status: 'idle',
    archived: false,
    deletedAt: null,
    purgeAt: null,
    bypassUntil: null,
    createdAt: time,
    updatedAt: time,
    lastActivityAt: time,
    meta: {},
    row: '{}',
    ...fields,
  };
}

export function state(fields: Partial<SessionColumns> = {}): NonNullable<AppendBatch['state']> {
  return { version: 1, json: '{"a":1}', columns: columns(fields) };
}

/** The verdict of a single batch. */
export async function append(store: Store, one: AppendBatch): Promise<Verdict> {
  const [verdict] = await store.append([one]);
  if (verdict === undefined) throw new Error('no verdict');
  return verdict;
}

export async function historyOf(
  store: Store,
  session: string,
): Promise<readonly (NewEntry & { seq: number })[]> {
  const page = await store.history({ session, after: 0, limit: 1000, maxBytes: 1e9 });
  return page.entries;
}

/** A directory of its own, and how to remove it. */
export function tempDir(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'turnkeep-store-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
