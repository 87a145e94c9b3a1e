import type { Command } from '../command.ts';
import { type ContentBlock, textOf } from '../content.ts';
import type { Draft } from '../draft.ts';
import type { EntryDataByKind } from '../entry.ts';
import type { AppendedLine, PlacedShown } from '../native.ts';
import { titleFrom } from '../title.ts';
import { checkHead } from './head.ts';
import { demandEpoch, demandExternal } from './owner.ts';

type AppendLines = Extract<Command, { type: 'append_lines' }>;

/** Lines of an agent that works elsewhere: kept as they are, and shown as what they are (L4). */
export function appendLines(draft: Draft, command: AppendLines): void {
  const { begins, epoch, expect } = command;
  if (draft.state.lastSeq === 0 && begins !== undefined) {
    const { agent, originCwd } = begins;
    const cwd = originCwd === undefined ? {} : { originCwd };
    const data = { from: 'client', changes: { agent, ...cwd } } as const;
    draft.write('settings', data, { runId: null });
    draft.write('owner', { state: 'external', epoch: epoch.inForce }, { runId: null });
  }
  demandEpoch(epoch);
  if (command.captured !== true) demandExternal(draft);
  // What contradicts another line is kept off the tree: whatever the head is, it does not move.
  const moves = command.lines.some(({ line }) => line.differs !== true);
  if (expect !== undefined && moves) {
    checkHead(draft, expect.head, { field: 'expect', epoch: epoch.inForce });
  }
  for (const line of command.lines) appendLine(draft, line);
}

function appendLine(draft: Draft, appended: AppendedLine): void {
  const { id, node, about, line, shows, title, cwd: originCwd } = appended;
  if (originCwd !== undefined && draft.state.originCwd === null) {
    draft.write('settings', { from: 'agent', changes: { originCwd } }, { runId: null });
  }
  for (const shown of shows) show(draft, shown, line.file);
  if (title !== undefined && title !== draft.state.title) entitle(draft, title);
  const place = node ? { parentId: draft.state.head } : {};
  const of = about === undefined ? {} : { about };
  draft.write('native', line, { id, runId: null, ...place, ...of });
}

function entitle(draft: Draft, title: string): void {
  if (draft.state.titleFrom === 'client') return;
  draft.write('settings', { from: 'agent', changes: { title } }, { runId: null });
}

/** The tool call under which a sub-agent's words are shown; its own name where nobody has told the call. */
function parentOf(draft: Draft, shown: PlacedShown, file: string): { parentCall?: string } {
  if (!('parentCall' in shown) || shown.parentCall === undefined) return {};
  const helper = draft.state.helpers?.find((known) => file !== '' && known.file === file);
  return { parentCall: helper?.call ?? shown.parentCall };
}

function show(draft: Draft, shown: PlacedShown, file: string): void {
  const parentCall = parentOf(draft, shown, file);
  const about = shown.about === undefined ? {} : { about: shown.about };
  const more = { id: shown.id, runId: null, ...parentCall, ...about };
  switch (shown.kind) {
    case 'delivery': {
      draft.write('delivery', { content: shown.content }, more);
      const title = draft.state.title === null ? titleFrom(textOf(shown.content)) : null;
      if (title !== null && shown.parentCall === undefined) entitle(draft, title);
      return;
    }
    case 'message':
    case 'thought':
      draft.write(shown.kind, said(shown), more);
      return;
    case 'tool_call':
      draft.write('tool_call', shown.toolCall, more);
      return;
    case 'plan':
      draft.write('plan', { items: shown.items }, more);
      return;
    case 'compaction': {
      const summary = shown.summary === undefined ? {} : { summary: shown.summary };
      const keepSeq = draft.state.lastSeq + 1;
      draft.write('compaction', { keep: null, keepSeq, ...summary }, more);
      return;
    }
    case 'usage': {
      const { key, model, tokens } = shown;
      draft.write('usage', { key, tokens, ...(model === undefined ? {} : { model }) }, more);
    }
  }
}

function said({
  content,
  incomplete,
}: {
  content: readonly ContentBlock[];
  incomplete?: true;
}): EntryDataByKind['message'] {
  return incomplete === true ? { content, incomplete } : { content };
}
