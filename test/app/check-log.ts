import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { digestText, type Entry } from '../../src/domain/entry.ts';
import { evolve } from '../../src/domain/evolve.ts';
import { rowOf, type SessionRow } from '../../src/domain/row.ts';
import { emptySession, type SessionState } from '../../src/domain/session-state.ts';

/** What must be true of every log, whatever its agent did. */
export function checkLog(entries: readonly Entry[], row: SessionRow): void {
  expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, index) => index + 1));
  expect(new Set(entries.map((entry) => entry.id)).size).toBe(entries.length);
  checkRuns(entries, row);
  checkTree(entries);
  for (const entry of entries) {
    const digest = createHash('sha256').update(digestText(entry)).digest('hex');
    expect(entry.digest).toBe(digest);
  }
  expect(rowOf(fold(row.id, entries))).toEqual(row);
}

export function fold(session: string, entries: readonly Entry[]): SessionState {
  return entries.reduce<SessionState>(evolve, emptySession(session));
}

/** One terminal for each run, nothing of the run after it, and nothing left open in it. */
function checkRuns(entries: readonly Entry[], row: SessionRow): void {
  const started = entries.filter((entry) => entry.kind === 'run_started');
  for (const { runId } of started) {
    const own = entries.filter((entry) => entry.runId === runId);
    const terminals = own.filter((entry) => entry.kind === 'run_ended');
    if (row.activeRun?.id === runId) {
      expect(terminals).toEqual([]);
      continue;
    }
    expect(terminals.length).toBe(1);
    expect(own.at(-1)?.kind).toBe('run_ended');
    const asked = own.filter(({ kind }) => kind === 'approval' || kind === 'question');
    const answered = own.filter(({ kind }) => kind === 'decision' || kind === 'answer');
    expect(answered.length).toBe(asked.length);
    expect(new Set(answered.map((entry) => entry.about))).toEqual(
      new Set(asked.map((entry) => entry.id)),
    );
  }
  const runs = new Set(started.map((entry) => entry.runId));
  const foreign = entries.filter(({ runId }) => runId !== undefined && !runs.has(runId));
  expect(foreign).toEqual([]);
}

/** Each node's parent is the node before it. */
function checkTree(entries: readonly Entry[]): void {
  let head: string | null = null;
  for (const entry of entries) {
    if (entry.parentId === undefined) continue;
    expect(entry.parentId).toBe(head);
    head = entry.id;
  }
}
